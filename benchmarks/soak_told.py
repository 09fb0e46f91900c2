"""What is known at the end of a soak, from the warehouse, the sinks, the keeper and Airflow itself."""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.rows import dict_row
from soak_readers import Sightings

from cercle.airflow.processes import KEEPER, log_file
from cercle.settings import Settings

# The sinks are those of the tests: real servers on this machine that take mail and posted documents.
sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "python"))
from sinks import HookServer, MailServer, serving

__all__ = ["HookServer", "MailServer", "Told", "about", "ask", "gather", "serving"]


@dataclass
class Told:
    """What is known at the end.

    Attributes:
        begin: on the monotonic clock.
        events: seconds since the start, what, and details, in order.
        days: per day, whether the undisturbed run gave the same marts, and how many rows were compared.
        alerts: items that the webhook took, with the moment and the number of mails that said the same.
        expected: state and kind of each alert that should be there, with its key where it is known before.
        failed_runs: DAG runs that ended badly.
        builds: with the seconds of the whole DAG run beside those of the build's own steps.
    """

    begin: float = field(default_factory=time.monotonic)
    events: list[tuple[float, str, str]] = field(default_factory=list)
    days: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    expected: set[tuple[str, str, str]] = field(default_factory=set)
    mails: int = 0
    seen: Sightings = field(default_factory=Sightings)
    failed_runs: list[str] = field(default_factory=list)
    builds: list[dict[str, Any]] = field(default_factory=list)
    restarts: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Return all of it for JSON."""
        return {
            "timeline": [
                {"seconds": round(at), "what": what, "detail": detail}
                for at, what, detail in sorted(self.events)
            ],
            "days": self.days,
            "alerts": self.alerts,
            "expected_alerts": sorted(self.expected),
            "mail_count": self.mails,
            "looks_of_the_reader": self.seen.looks,
            "publications_seen": len(self.seen.publications),
            "faults_seen": self.seen.faults,
            "failed_runs": self.failed_runs,
            "builds": self.builds,
            "keeper": self.restarts,
            "left_behind": self.left_behind,
        }


def gather(told: Told, settings: Settings, url: str, api: str, hook: HookServer, mail: MailServer) -> None:
    """Read what the days left: messages, builds, failed runs, what the keeper did.

    Args:
        told: filled.
        settings: of the soak's home.
        url: of its warehouse.
        api: of its Airflow.
        hook: took posted documents.
        mail: took mail.
    """
    told.mails = len(mail.mails)
    for body in hook.bodies:
        for item in body["items"]:
            state, kind, subject = about(item)
            told.alerts.append({"state": state, "kind": kind, "about": subject, "seen_at": item["seen_at"]})
    with psycopg.connect(url, row_factory=dict_row) as connection:
        told.builds = connection.execute(
            """
            select
                builds.build_id,
                builds.state,
                builds.error,
                round(extract(epoch from builds.finished_at - builds.started_at), 1)::float as seconds,
                round(steps.seconds, 1)::float as step_seconds,
                steps.repeated_count as repeated_step_count,
                builds.run_id,
                extract(epoch from builds.started_at)::float as began
            from ops.builds
            left join lateral (
                select
                    sum(extract(epoch from finished_at - started_at)) as seconds,
                    (count(*) filter (where attempt > 1))::int as repeated_count
                from ops.build_steps
                where build_steps.build_id = builds.build_id
            ) as steps on true
            order by builds.build_id
            """
        ).fetchall()
    now, clock = time.monotonic(), time.time()
    for build in told.builds:
        run_id = quote(build.pop("run_id"), safe="")
        build["run_seconds"] = _seconds(ask(f"{api}/dags/cercle_build/dagRuns/{run_id}"))
        at = build.pop("began") - clock + now - told.begin
        told.events.append((at, f"build {build['build_id']}", f"{build['state']}, {build['seconds']} s"))
    for alert in told.alerts:
        at = datetime.fromisoformat(alert["seen_at"]).timestamp() - clock + now - told.begin
        if alert["state"] == "new":
            told.events.append((at, "alert", f"{alert['kind']}: {alert['about']}"))
    for moment, word in told.seen.outages:
        told.events.append((moment - told.begin, "the reader's database", word))
    told.restarts = log_file(settings, KEEPER).read_text().splitlines()
    runs = ask(f"{api}/dags/~/dagRuns?limit=1000&state=failed")["dag_runs"]
    told.failed_runs = [f"{run['dag_id']} {run['dag_run_id']}" for run in runs]


def about(item: dict[str, Any]) -> tuple[str, str, str]:
    """Return state, kind and what it is about: a refused file's load has a number, and the plan knows its name."""
    about = item["facts"].get("file_name") if item["kind"] == "delivery_refused" else item["key"]
    return item["state"], item["kind"], str(about)


def ask(url: str, body: dict[str, Any] | None = None) -> Any:
    """Get a document of Airflow's REST API, or post to it."""
    request = urllib.request.Request(url, headers={"Content-Type": "application/json"})  # noqa: S310
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(request, data, timeout=60) as answer:  # noqa: S310
        return json.load(answer)


def _seconds(run: dict[str, Any]) -> float | None:
    """Return how long a DAG run took, from its start to its end."""
    if not run["end_date"]:
        return None
    begin, end = (datetime.fromisoformat(run[name]) for name in ("start_date", "end_date"))
    return round((end - begin).total_seconds(), 1)
