"""The house plugins: plain CSV, JSON lines or Parquet, one entity a file, for those who export themselves."""

from __future__ import annotations

from cercle.paths import package_root
from cercle.sources import SourcePlugin

__all__ = ["contact", "email", "marketing", "phone", "privacy", "social", "store"]


def _plugin(name: str) -> SourcePlugin:
    root = package_root()
    return SourcePlugin(
        name=name,
        contract_path=root / "contracts" / f"{name}.yaml",
        suites_dir=root / "expectations" / "raw",
        samples_dir=root / "samples" / name,
        docs=f"docs/sources/{name}.md",
    )


store = _plugin("store")
social = _plugin("social")
email = _plugin("email")
phone = _plugin("phone")
contact = _plugin("contact")
marketing = _plugin("marketing")
privacy = _plugin("privacy")
