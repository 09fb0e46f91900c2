"""What an Airflow says of its own health, asked over HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable

from cercle.airflow.environment import AirflowHome

__all__ = ["unhealthy"]

_NAMES = {
    "api-server": "metadatabase",
    "scheduler": "scheduler",
    "dag-processor": "dag_processor",
    "triggerer": "triggerer",
}


def unhealthy(home: AirflowHome, parts: Iterable[str]) -> list[str]:
    """Return the parts that do not say that they are healthy; all of them where the API server does not answer.

    Args:
        home: the Airflow.
        parts: names of the parts to ask about.
    """
    try:
        with urllib.request.urlopen(f"{home.url}/api/v2/monitor/health", timeout=5) as answer:  # noqa: S310
            found = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        found = {}
    return [part for part in parts if (found.get(_NAMES[part]) or {}).get("status") != "healthy"]
