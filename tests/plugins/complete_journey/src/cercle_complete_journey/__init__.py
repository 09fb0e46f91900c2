"""Source plugin: Complete Journey, a US grocer's till lines, campaigns and coupons on one household key (CC0)."""

from pathlib import Path

from cercle.sources import SourcePlugin

_HERE = Path(__file__).parent

plugin = SourcePlugin(
    name="complete_journey",
    contract_path=_HERE / "contract.yaml",
    dbt_package_dir=_HERE / "dbt",
    suites_dir=_HERE / "suites",
    samples_dir=_HERE / "samples",
    docs="Export the tables of the R package completejourney as CSV, one file a table.",
)
