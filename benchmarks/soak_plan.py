"""What is planned for a soak: how long its days are, and what goes wrong on which."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Plan"]

# As a user would write it.
DAGS = '''"""Airflow DAGs of this warehouse, with days of {day_seconds} seconds."""

from datetime import timedelta
from pathlib import Path

from cercle.airflow import TaskOptions, build_dags

globals().update(
    build_dags(
        Path(__file__).resolve().parents[1],
        load_schedule={load_schedule!r},
        options=TaskOptions(
            retries=4,
            retry_delay=timedelta(seconds=20),
            pool="cercle_build",
            privacy_schedule=None,
            upkeep_schedule="*/{day_minutes} * * * *",
            watch_schedule="* * * * *",
            watch_limits={{
                "publication_age": timedelta(seconds={publication_age}),
                "silence_factor": 1.0,
                "least_silence": timedelta(seconds={least_silence}),
            }},
        ),
    )
)
'''


@dataclass(frozen=True)
class Plan:
    """How long the soak's days are, and who buys.

    Attributes:
        day_seconds: of one simulated day.
        days: how many.
        silent_source: delivers nothing on `silent_day`.
        torn_entity: its file of `torn_day` arrives cut off, and mended, under its name, on `mended_day`.
        scheduler_dies_on: a day.
        database_dies_on: a day.
    """

    day_seconds: int
    customers: int
    seed: int
    days: int = 3
    silent_source: str = "phone"
    silent_day: int = 2
    torn_entity: str = "store/visits"
    torn_day: int = 1
    mended_day: int = 3
    scheduler_dies_on: int = 2
    database_dies_on: int = 3

    def dag_file(self, sources: list[str]) -> str:
        """Return the DAG file: loading looks every other minute, half of the sources in each."""
        return DAGS.format(
            day_seconds=self.day_seconds,
            day_minutes=max(1, self.day_seconds // 60),
            publication_age=self.day_seconds * 2,
            least_silence=round(self.day_seconds * 1.7),
            load_schedule={source: f"{number % 2}-59/2 * * * *" for number, source in enumerate(sources)},
        )
