"""Consent and privacy: the ledger, the decisions, and the rights of the person. docs/consent.md tells the story."""

from __future__ import annotations

from cercle.privacy.intake import append_admitted

__all__ = ["append_admitted"]
