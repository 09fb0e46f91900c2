"""Source plugins for systems that many companies have, each in a folder of its own.

They are written as any other package's plugin is (docs/plugins.md), and their dbt packages are linked into a project
only when a source of it uses them: a company without the vendor parses, builds and imports nothing of it.
"""

from __future__ import annotations

from pathlib import Path

from cercle.sources import SourcePlugin

__all__ = ["brevo", "mailchimp", "sendgrid", "shopify", "twilio", "zendesk"]

_HERE = Path(__file__).parent


def _plugin(name: str) -> SourcePlugin:
    folder = _HERE / name
    return SourcePlugin(
        name=name,
        contract_path=folder / "contract.yaml",
        dbt_package_dir=folder / "dbt",
        suites_dir=folder / "suites",
        samples_dir=folder / "samples",
        docs=f"docs/sources/{name}.md",
    )


brevo = _plugin("brevo")
mailchimp = _plugin("mailchimp")
sendgrid = _plugin("sendgrid")
shopify = _plugin("shopify")
twilio = _plugin("twilio")
zendesk = _plugin("zendesk")
