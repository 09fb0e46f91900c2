"""Database roles by purpose: who may read which mart, and which of its rows. docs/access.md is the same for readers.

A role here is a group without a login: a company's logins become its members. No role, no personal data. Columns are
personal where the models' YAML tags them `personal`; nothing of that is written again here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

__all__ = ["MASKED_SUFFIX", "MASK_COMMENT", "ROLES", "ROW_RULES", "SCHEMAS", "Role", "View"]

MASKED_SUFFIX = "_masked"
MASK_COMMENT = "Masked by cercle:"


class View(Enum):
    """How a role sees a mart."""

    OPEN = "columns that are not personal, and the masked view"
    CLEAR = "every column"


@dataclass(frozen=True)
class Role:
    """A role.

    Attributes:
        every_mart: how it sees a mart that `marts` does not name; None = not at all.
        schemas: further schemas that it reads whole.
        relations: further relations that it reads, as schema.name.
        writes: schemas whose tables it fills (insert, update, delete).
        makes: schemas in which it makes and drops its own relations.
    """

    name: str
    description: str
    every_mart: View | None = None
    marts: Mapping[str, View] = field(default_factory=dict)
    schemas: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()

    def view_of(self, relation: str) -> View | None:
        """Return how the role sees a mart."""
        return self.marts.get(relation, self.every_mart)


def _open(*relations: str) -> dict[str, View]:
    return dict.fromkeys(relations, View.OPEN)


_MARKETING = _open(
    "customer_360",
    "customer_redirects",
    "contactability",
    "customer_segments",
    "channel_preferences",
    "brand_accounts",
    "page_daily",
    "campaigns",
    "campaign_touches",
    "attribution",
) | {"customer_identifiers": View.CLEAR}

ROLES: tuple[Role, ...] = (
    Role(
        "cercle_marketing_email",
        "E-mail marketing: addresses that may be used, and no other",
        marts=_MARKETING,
    ),
    Role("cercle_marketing_sms", "Text messages: numbers that may be used, and no other", marts=_MARKETING),
    Role(
        "cercle_analyst",
        "Analysts and BI: every mart, personal columns masked, and the daily figures of consent",
        every_mart=View.OPEN,
        relations=("privacy.consent_daily", "privacy.requests_daily"),
    ),
    Role(
        "cercle_service_desk",
        "Service desk: a customer's contact points, words and orders in clear; nothing of value or segments",
        marts=_open(
            "customer_360",
            "customer_redirects",
            "contactability",
            "conversations",
            "service_levels",
            "orders",
            "order_lines",
            "channel_preferences",
        )
        | dict.fromkeys(("customer_identifiers", "customer_attributes", "interactions"), View.CLEAR),
    ),
    Role(
        "cercle_dpo",
        "Data-protection officer: reads everything, changes nothing",
        every_mart=View.CLEAR,
        schemas=("raw", "identity", "privacy", "ops"),
    ),
    Role(
        "cercle_operator",
        "Operations: what was loaded, built, checked and published, and what waits; no mart, no row of a person",
        relations=(
            "ops.loads",
            "ops.builds",
            "ops.build_loads",
            "ops.build_steps",
            "ops.build_models",
            "ops.publications",
            "ops.publication_changes",
            "ops.quality_results",
            "ops.quality_statistics",
            "ops.open_requests",
            "ops.recent_alerts",
        ),
    ),
    Role(
        "cercle_loader",
        "Loads files into raw; reads no mart and no permission",
        relations=("privacy.tombstones",),
        writes=("raw", "ops"),
    ),
    Role(
        "cercle_builder",
        "Builds and publishes",
        every_mart=View.CLEAR,
        schemas=("raw", "staging", "intermediate", "marts_build"),
        writes=("marts", "identity", "privacy", "ops"),
        makes=("staging", "intermediate", "marts_build", "marts"),
    ),
)

# Every schema of cercle: what a role does not read by its row above nobody but the owner reads.
SCHEMAS = ("raw", "staging", "intermediate", "marts_build", "marts", "identity", "privacy", "ops", "archive")


def _may_be_used(identifier_type: str, channel: str) -> str:
    return (
        f"identifier_type = '{identifier_type}' and exists ("
        "select 1 from marts.contactability as allowed"
        " where allowed.customer_id = customer_identifiers.customer_id"
        " and allowed.contact_point_key = customer_identifiers.identifier_key"
        f" and allowed.channel = '{channel}' and allowed.purpose = 'direct_marketing'"
        " and allowed.product_family = '' and allowed.decision = 'ALLOW'"
        " and coalesce(allowed.decision_valid_until > now(), true))"
    )


# Marts with row security: the rows that a role sees; a role that sees the mart and is not named sees all of them.
ROW_RULES: Mapping[str, Mapping[str, str]] = {
    "customer_identifiers": {
        "cercle_marketing_email": _may_be_used("email", "email"),
        "cercle_marketing_sms": _may_be_used("phone", "sms"),
    },
    "contactability": {
        "cercle_marketing_email": "channel = 'email'",
        "cercle_marketing_sms": "channel = 'sms'",
    },
}
