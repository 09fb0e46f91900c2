"""Who is who: applies dbt's proposal, explains it, takes stewards' decisions, and measures it against a truth."""

from __future__ import annotations

from cercle.identity.decisions import Decision, block, decisions, link, revoke, unlink
from cercle.identity.evaluate import Evaluation, evaluate
from cercle.identity.explain import Explanation, Step, explain_customer, explain_records
from cercle.identity.proposal import KindCounts, apply_proposal
from cercle.identity.set_aside import SetAside, list_set_aside

__all__ = [
    "Decision",
    "Evaluation",
    "Explanation",
    "KindCounts",
    "SetAside",
    "Step",
    "apply_proposal",
    "block",
    "decisions",
    "evaluate",
    "explain_customer",
    "explain_records",
    "link",
    "list_set_aside",
    "revoke",
    "unlink",
]
