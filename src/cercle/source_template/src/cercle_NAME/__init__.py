"""Orders of NAME."""

from pathlib import Path

from cercle.sources import SourcePlugin

__all__ = ["plugin"]

_HERE = Path(__file__).parent

plugin = SourcePlugin(
    name="NAME",
    contract_path=_HERE / "contract.yaml",
    dbt_package_dir=_HERE / "dbt",
    suites_dir=_HERE / "suites",
    samples_dir=_HERE / "samples",
    docs="How to export: to be written",
)
