"""Airflow DAG of the night watch: what needs a person is told once, by e-mail or webhook."""

from __future__ import annotations

import os
from pathlib import Path

from cercle.airflow import build_dags

project_dir = os.environ.get("CERCLE_PROJECT") or Path(__file__).resolve().parents[1]
cercle_watch = build_dags(project_dir)["cercle_watch"]
