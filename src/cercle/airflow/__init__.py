"""The Airflow side of cercle. Airflow is imported nowhere else, and here only when something is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cercle.airflow.factory import Arrival, TaskOptions, build_dags

__all__ = ["Arrival", "TaskOptions", "build_dags"]


def __getattr__(name: str) -> Any:
    """Import the factory when asked for: Airflow reads this package's provider while it is itself loading."""
    if name in __all__:
        from cercle.airflow import factory

        return getattr(factory, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
