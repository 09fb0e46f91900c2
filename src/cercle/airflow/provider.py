"""What Airflow shows of cercle in `airflow providers list`."""

from __future__ import annotations

from typing import Any

from cercle import __version__

__all__ = ["get_provider_info"]


def get_provider_info() -> dict[str, Any]:
    """Return the provider's description, for the entry point `apache_airflow_provider`."""
    return {
        "package-name": "cercle",
        "name": "cercle",
        "description": "Loads, builds, checks and publishes a customer-360 warehouse on PostgreSQL.",
        "versions": [__version__],
    }
