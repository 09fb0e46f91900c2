"""Keyed pseudonyms of contact points and identities: HMAC-SHA256 under a secret that never reaches the database.

The secret comes from the environment (`Settings.hmac_keys`). It stands in no SQL text, parameter, log or file of ours.
"""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Iterable

from cercle.settings import Settings

__all__ = ["IDENTITY_KIND", "SEPARATOR", "PseudonymKey", "fallback_form", "split_contact_point"]

SEPARATOR = "\x1f"
IDENTITY_KIND = "ref"


class PseudonymKey:
    """One version of the secret. Its repr shows the version alone."""

    def __init__(self, version: str, secret: bytes) -> None:
        self.version = version
        self._secret = secret

    def __repr__(self) -> str:
        return f"PseudonymKey({self.version!r})"

    @classmethod
    def current(cls, settings: Settings) -> PseudonymKey:
        """Return the newest version of the secret."""
        return cls(*settings.current_hmac_key())

    @classmethod
    def every(cls, settings: Settings) -> list[PseudonymKey]:
        """Return all versions, oldest first."""
        return [cls(version, secret) for version, secret in settings.hmac_keys().items()]

    def of(self, kind: str, value: str) -> str:
        """Return the pseudonym of a normalised value.

        Args:
            kind: email, tel, addr, social; `ref` for an identity of a source system.
            value: in normal form.

        Returns:
            64 hexadecimal digits: HMAC-SHA256(secret, kind ‖ U+001F ‖ value).
        """
        return hmac.new(self._secret, f"{kind}{SEPARATOR}{value}".encode(), "sha256").hexdigest()

    def of_many(self, kind: str, values: Iterable[str]) -> list[str]:
        """Return the pseudonyms of many values of one kind, in order."""
        return [self.of(kind, value) for value in values]


def split_contact_point(text: str) -> tuple[str, str]:
    """Return kind and value of `kind:value`; the kind is empty where there is none."""
    kind, separator, value = text.partition(":")
    return (kind.strip().lower(), value) if separator else ("", text)


def fallback_form(value: str) -> str:
    """Return the form of a contact point that its normaliser could not read: NFKC, trimmed, lower case.

    Such a value still binds itself: a refusal of it holds for the same text.
    """
    return unicodedata.normalize("NFKC", value).strip().lower()
