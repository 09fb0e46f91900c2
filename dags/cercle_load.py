"""Airflow DAGs that load: one per source of the project in CERCLE_PROJECT, `cercle_load_<source>`.

Each looks for new files of its source, loads them in mapped tasks, and announces the asset that starts the build.
Without CERCLE_PROJECT the package's own dbt project is read: the house sources, once each.
"""

from __future__ import annotations

import os
from pathlib import Path

from cercle.airflow import build_dags

project_dir = os.environ.get("CERCLE_PROJECT") or Path(__file__).resolve().parents[1]
dags = build_dags(project_dir, load_schedule="@hourly")
globals().update({dag_id: dag for dag_id, dag in dags.items() if dag_id.startswith("cercle_load_")})
