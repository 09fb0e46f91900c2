"""Airflow DAGs of this warehouse: one per source that loads, one that builds, privacy requests, upkeep."""

from __future__ import annotations

from pathlib import Path

from cercle.airflow import build_dags

globals().update(build_dags(project_dir=Path(__file__).resolve().parents[1]))
