"""Put the dbt project, contracts, suites and samples into the wheel, below cercle/_project.

In a checkout they are the repository's root, and an editable install copies nothing: `package_root` tells one
from the other.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHIPPED = (
    "dbt_project.yml",
    "models",
    "macros",
    "seeds",
    "analyses",
    "tests/dbt",
    "expectations",
    "contracts",
    "samples",
)


class ProjectIntoWheel(BuildHookInterface):
    """Adds what is shipped beside the Python package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the folders to a real wheel; `version` is "editable" for a development install."""
        if version == "standard":
            found = [name for name in SHIPPED if (Path(self.root) / name).exists()]
            build_data["force_include"] |= {name: f"cercle/_project/{name}" for name in found}
