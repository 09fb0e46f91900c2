"""The house plugins: plain CSV, JSON lines or Parquet, one entity a file, for those who export themselves."""

from __future__ import annotations

from collections.abc import Mapping

from cercle.paths import package_root
from cercle.sources import SourcePlugin

__all__ = ["contact", "email", "marketing", "phone", "privacy", "social", "store"]


def _plugin(name: str, feeds: Mapping[str, str]) -> SourcePlugin:
    root = package_root()
    return SourcePlugin(
        name=name,
        contract_path=root / "contracts" / f"{name}.yaml",
        suites_dir=root / "expectations" / "raw",
        samples_dir=root / "samples" / name,
        feeds={wanted: f"stg_{name}__{entity}" for wanted, entity in feeds.items()},
        docs=f"docs/sources/{name}.md",
    )


store = _plugin(
    "store",
    {
        "customers": "customers",
        "orders": "orders",
        "order_lines": "order_lines",
        "visits": "visits",
        "stores": "stores",
    },
)
social = _plugin(
    "social",
    {"accounts": "accounts", "social_interactions": "interactions", "page_daily": "page_daily"},
)
email = _plugin("email", {"messages": "messages", "campaign_events": "campaign_events"})
phone = _plugin("phone", {"calls": "calls", "callbacks": "callbacks"})
contact = _plugin(
    "contact",
    {"contacts": "contacts", "survey_answers": "survey_answers", "group_bookings": "group_bookings"},
)
marketing = _plugin("marketing", {"campaigns": "campaigns"})
privacy = _plugin(
    "privacy",
    {"consent_events": "consent_events", "notices": "notices", "requests": "requests"},
)
