"""Source plugin: UCI Online Retail, a British web shop's invoice lines, one file a day (CC BY 4.0)."""

from pathlib import Path

from cercle.sources import SourcePlugin

_HERE = Path(__file__).parent

plugin = SourcePlugin(
    name="uci_online_retail",
    contract_path=_HERE / "contract.yaml",
    dbt_package_dir=_HERE / "dbt",
    suites_dir=_HERE / "suites",
    samples_dir=_HERE / "samples",
    docs="Save the spreadsheet of the UCI repository as one CSV file a day.",
)
