"""The words of permissions: types, channels, purposes, notices, and the shares of what becomes of them. Data."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ACTORS", "CHANNELS", "METHODS", "NOTICES", "PATTERNS", "PURPOSES", "SYSTEMS", "TYPES", "Notice"]

TYPES = (
    "consent_given", "doi_confirmed", "guardian_consent", "consent_not_given", "consent_refused", "consent_withdrawn",
    "objection", "informed_optout_offered", "call_refused", "contact_point_verified", "contact_point_replaced",
    "contact_point_released", "hard_bounce", "annulment", "restriction_on", "restriction_off", "consent_guessed",
)  # fmt: skip
CHANNELS = ("email", "sms", "phone_call", "postal", "social_audience", "pigeon_post")
PURPOSES = (
    "direct_marketing",
    "marketing_profiling",
    "partner_prospecting",
    "audience_matching",
    "special_category_use",
)
ACTORS = ("subject", "guardian", "operator", "system", "authority")
METHODS = (
    "unticked_checkbox",
    "web_form",
    "paper_form",
    "call",
    "unsubscribe_link",
    "preticked",
    "bulk_import",
    "preference_centre",
)
SYSTEMS = ("store", "email", "contact", "phone")


@dataclass(frozen=True)
class Notice:
    """A version of a notice. Validity is in days before the end of the world; None is open."""

    notice_id: str
    version: str
    valid_from: int
    valid_to: int | None
    coverage: tuple[tuple[str, str, str], ...]
    wording: str
    recipients: tuple[str, ...] = ()
    invalidated_from: int | None = None
    known_at: int | None = None


_MAIN = (
    ("email", "direct_marketing", "consent"), ("sms", "direct_marketing", "consent"),
    ("phone_call", "direct_marketing", "consent"), ("email", "marketing_profiling", "consent"),
    ("postal", "direct_marketing", "legitimate_interest"),
)  # fmt: skip
NOTICES: tuple[Notice, ...] = (
    Notice("N-CLIENT", "1", 4000, 720, _MAIN, "J'accepte de recevoir les offres par les moyens cochés."),
    Notice("N-CLIENT", "2", 720, None, _MAIN,
    "J'accepte de recevoir les offres par les moyens cochés, et leur mesure."),
    Notice("N-SOCIAL", "1", 4000, None, (("social_audience", "audience_matching", "consent"),),
    "J'accepte la publicité ciblée."),
    Notice("N-PARTNER", "1", 4000, 300, (("email", "partner_prospecting", "consent"),),
    "Offres de nos partenaires.", ("Partenaire A", "Partenaire B")),
    Notice("N-PARTNER", "2", 300, None, (("email", "partner_prospecting", "consent"),),
    "Offres de nos partenaires.", ("Partenaire A", "Partenaire B", "Partenaire C")),
    Notice("N-SKIN", "1", 4000, None, (("email", "special_category_use", "consent"),),
    "J'accepte l'usage de mes données de peau."),
    Notice("N-CONTEST", "1", 4000, None, (("email", "direct_marketing", "consent"),), "Jeu concours.", (), 500, 200),
)  # fmt: skip

# Pattern of a line -> share of mailboxes that get it; what becomes of it is in `_write_line`.
PATTERNS: dict[str, float] = {
    "granted": 0.36, "doi_confirmed": 0.11, "doi_pending": 0.03, "doi_late": 0.015, "not_given": 0.14, "refused": 0.07,
    "preticked": 0.02, "no_proof": 0.015, "wrong_notice": 0.01, "invalidated": 0.01, "withdrawn": 0.06,
    "regranted": 0.01,
    "objected": 0.025, "bounced": 0.02, "quarantined": 0.01, "annulled": 0.005, "reloaded": 0.005, "none": 0.085,
}  # fmt: skip
