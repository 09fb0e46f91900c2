"""Airflow DAG of the night: tables that erasures touched are rewritten, the figures of the day are kept."""

from __future__ import annotations

import os
from pathlib import Path

from cercle.airflow import build_dags

project_dir = os.environ.get("CERCLE_PROJECT") or Path(__file__).resolve().parents[1]
cercle_upkeep = build_dags(project_dir)["cercle_upkeep"]
