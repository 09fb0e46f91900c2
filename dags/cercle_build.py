"""Airflow DAG that builds: checks the new deliveries, runs the models, checks the marts, publishes them.

Any loading DAG that has stored something starts it, through that source's asset.
"""

from __future__ import annotations

import os
from pathlib import Path

from cercle.airflow import build_dags

project_dir = os.environ.get("CERCLE_PROJECT") or Path(__file__).resolve().parents[1]
cercle_build = build_dags(project_dir)["cercle_build"]
