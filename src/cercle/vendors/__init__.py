"""Source plugins for systems that many companies have, each in a folder of its own.

They are written as any other package's plugin is (docs/plugins.md), and their dbt packages are linked into a project
only when a source of it uses them: a company without the vendor parses, builds and imports nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cercle.sources import Parser, SourcePlugin
from cercle.vendors.mailbox import PARSERS

__all__ = [
    "asterisk",
    "brevo",
    "facebook",
    "mailbox",
    "mailchimp",
    "sendgrid",
    "shopify",
    "twilio",
    "x",
    "zendesk",
]

_HERE = Path(__file__).parent


def _plugin(name: str, parsers: Mapping[str, Parser] | None = None) -> SourcePlugin:
    folder = _HERE / name
    return SourcePlugin(
        name=name,
        contract_path=folder / "contract.yaml",
        dbt_package_dir=folder / "dbt",
        suites_dir=folder / "suites",
        samples_dir=folder / "samples",
        parsers=parsers or {},
        docs=f"docs/sources/{name}.md",
    )


asterisk = _plugin("asterisk")
brevo = _plugin("brevo")
facebook = _plugin("facebook")
mailbox = _plugin("mailbox", PARSERS)
mailchimp = _plugin("mailchimp")
sendgrid = _plugin("sendgrid")
shopify = _plugin("shopify")
twilio = _plugin("twilio")
x = _plugin("x")
zendesk = _plugin("zendesk")
