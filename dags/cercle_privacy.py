"""Airflow DAG of every day: objections and withdrawals take effect, deadlines are watched, retention is kept to."""

from __future__ import annotations

import os
from pathlib import Path

from cercle.airflow import build_dags

project_dir = os.environ.get("CERCLE_PROJECT") or Path(__file__).resolve().parents[1]
cercle_privacy = build_dags(project_dir)["cercle_privacy"]
