"""The story of the soak: what arrives when, what is killed when, and what was seen of it."""

from __future__ import annotations

import gzip
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from soak_plan import Plan
from soak_readers import reading
from soak_told import HookServer, MailServer, Told, about, ask, gather, serving
from soak_world import Delivery, deliveries, land, simulate_history

from cercle import server
from cercle.airflow import processes, standalone
from cercle.diff import diff_warehouses
from cercle.preparation import prepare
from cercle.settings import Settings

__all__ = ["Soak"]

CERCLE = str(Path(sys.executable).with_name("cercle"))


class Soak:
    """One soak.

    Args:
        folder: empty; everything is below it.
        plan: how long, how large.
        say: told what happens.
    """

    def __init__(self, folder: Path, plan: Plan, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._plan = plan
        self._say = say
        self._told = Told()
        self._settings = Settings.from_env()
        self._url = ""
        self._api = ""

    def run(self) -> Told:
        """Live through the days, and tell."""
        plan, settings = self._plan, self._settings
        simulate_history(self._folder / "world", plan.customers, plan.seed, real_days=6)
        coming = deliveries(self._folder / "world", plan.days)
        prepare(settings, migrates=True)
        sources = sorted(path.name for path in (self._folder / "world" / "landing").iterdir())
        (settings.project_dir / "dags" / "cercle_dags.py").write_text(plan.dag_file(sources))
        with ExitStack() as stack:
            mail, hook = MailServer(), HookServer()
            for sink in (mail, hook):
                stack.enter_context(serving(sink))
            os.environ["CERCLE_NOTIFY"] = f"mailto:ops@example.org {hook.url}"
            os.environ["CERCLE_SMTP"] = f"smtp://127.0.0.1:{mail.port}"
            for path in sorted((self._folder / "world" / "landing").glob("*/*/*")):
                name = path.relative_to(self._folder / "world" / "landing")
                land(settings.landing_dir, str(name), path.read_bytes())
            self._note("history landed", f"{plan.customers} customers")
            started = standalone.up(settings, port=0)
            self._api = f"{started.url}/api/v2"
            self._note("Airflow is up", f"after {started.seconds:.0f} s")
            self._url = server.url(settings)
            self._told.seen = stack.enter_context(reading(self._url))
            self._wait_until_settled(patience=900)
            for day in range(1, plan.days + 1):
                self._live(day, [each for each in coming if each.day == day], coming)
            self._wait_for_the_watch(hook)
            self._build_once_more()
            gather(self._told, settings, self._url, self._api, hook, mail)
            standalone.down(settings)
        self._told.left_behind = [
            " ".join(process.cmdline()[:4])
            for process in processes.psutil().process_iter()
            if self._is_ours(process)
        ]
        return self._told

    # --- a day ----------------------------------------------------------------------------------------

    def _live(self, day: int, today: list[Delivery], coming: list[Delivery]) -> None:
        plan, begin = self._plan, time.monotonic()
        self._note(f"day {day} begins", f"{plan.day_seconds} s")
        if day == plan.silent_day:
            self._note("a source is silent", plan.silent_source)
            self._told.expected |= {
                ("new", "source_silent", plan.silent_source),
                ("over", "source_silent", plan.silent_source),
            }
        arrivals = self._arrivals(day, today, coming)
        victim = {
            plan.scheduler_dies_on: self._kill_the_scheduler,
            plan.database_dies_on: self._stop_the_database,
        }.get(day)
        sources = sorted({each.source for each in arrivals})
        for number, source in enumerate(sources):
            self._sleep_until(begin + plan.day_seconds * (0.02 + 0.25 * number / len(sources)))
            files = [each for each in arrivals if each.source == source]
            for each in files:
                land(self._settings.landing_dir, each.name, each.content)
            self._note("files landed", f"{source}: {len(files)}")
            if victim and number == len(sources) // 2:
                self._wait_for_step("intermediate", since=begin)
                victim()
                victim = None
        self._wait_until_settled(patience=600)
        self._compare(day)
        late = time.monotonic() - begin - plan.day_seconds
        if late > 0:
            self._note("the day was longer", f"{late:.0f} s")
        self._sleep_until(begin + plan.day_seconds)

    def _arrivals(self, day: int, today: list[Delivery], coming: list[Delivery]) -> list[Delivery]:
        """Return the day's files: one is torn, and arrives mended, under its name, days later."""
        plan = self._plan
        torn = next(
            each
            for each in coming
            if each.day == plan.torn_day and each.name.startswith(f"{plan.torn_entity}/")
        )
        arrivals = [
            each for each in today if not (day == plan.silent_day and each.source == plan.silent_source)
        ]
        if day == plan.torn_day:
            name = f"{torn.name}.gz"
            whole = gzip.compress(torn.content, mtime=0)
            broken = whole[: len(whole) // 2]  # as a transfer that broke off leaves it
            arrivals = [
                replace(each, name=name, content=broken) if each == torn else each for each in arrivals
            ]
            self._note("one file is torn", name)
            self._told.expected |= {("new", "delivery_refused", name), ("over", "delivery_refused", name)}
        if day == plan.mended_day:
            arrivals.append(
                replace(torn, name=f"{torn.name}.gz", content=gzip.compress(torn.content, mtime=0))
            )
        return arrivals

    def _compare(self, day: int) -> None:
        """Build the same files in a home that nobody disturbs, as of the same moment, and compare the marts."""
        home = self._folder / "undisturbed"
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("CERCLE_", "AIRFLOW"))
        } | {
            "CERCLE_HOME": str(home),
            "CERCLE_LANDING": str(self._settings.landing_dir),
            "CERCLE_HMAC_KEYS": (self._settings.secrets_dir / "hmac_keys").read_text().strip(),
        }
        other = Settings.from_env(environment)
        [(publication, as_of)] = self._ask(
            "select publication_id, as_of from ops.publications order by publication_id desc limit 1"
        )
        server.destroy(other)
        prepare(other, migrates=True)
        done = subprocess.run(
            [CERCLE, "run", "--as-of", as_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            self._note("the undisturbed run failed", done.stderr[-500:])
            self._told.days.append({"day": day, "is_same": False})
            return
        found = diff_warehouses(self._settings, self._url, server.url(other))
        differing = [relation.relation for relation in found.relations if not relation.is_same]
        rows = sum(relation.left_rows or 0 for relation in found.relations)
        if day == self._plan.days:
            with psycopg.connect(server.url(other)) as connection:
                self._expect_requests(connection)
        server.stop(other)
        self._note(
            "compared with an undisturbed run", f"publication {publication}, {rows} rows, differ: {differing}"
        )
        self._told.days.append(
            {
                "day": day,
                "publication_id": publication,
                "is_same": found.is_same,
                "row_count": rows,
                "differ": differing,
            }
        )

    def _expect_requests(self, connection: psycopg.Connection) -> None:
        """Requests of persons that are late or nearly so must be told: the undisturbed warehouse has them too."""
        for kind, condition in (
            ("request_late", "< current_date"),
            ("request_due", "between current_date and current_date + 5"),
        ):
            rows = connection.execute(
                f"""
                select distinct right_article || ':' || due_date
                from ops.open_requests
                where due_date {condition}
                """.encode()
            ).fetchall()
            self._told.expected |= {("new", kind, key) for (key,) in rows}

    # --- what goes wrong -------------------------------------------------------------------------------

    def _kill_the_scheduler(self) -> None:
        pid = standalone.running(self._settings)["scheduler"]
        os.kill(pid, signal.SIGKILL)
        self._note("the scheduler is killed", f"kill -9 {pid}")

    def _stop_the_database(self) -> None:
        pid = int((self._settings.home / "pg" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGQUIT)
        self._note("the database is stopped at once", "an immediate stop: recovery from its log")

    def _build_once_more(self) -> None:
        """With nothing new, what a run takes is its orchestration and the clock's work."""
        runs = f"{self._api}/dags/cercle_build/dagRuns"
        run = ask(runs, {"dag_run_id": "nothing-new", "logical_date": None})
        while run["state"] not in ("success", "failed"):
            time.sleep(1)
            run = ask(f"{runs}/nothing-new")
        self._note("a run with nothing new", run["state"])

    # --- waiting ---------------------------------------------------------------------------------------

    def _wait_for_step(self, step: str, since: float) -> None:
        """Wait until a build of today is at this step."""
        begun = datetime.now(UTC).timestamp() - (time.monotonic() - since)
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            if self._ask(
                "select 1 from ops.build_steps where state = 'running' and step = %s and started_at > to_timestamp(%s)",
                step,
                begun,
            ):
                return
            time.sleep(0.3)
        self._note("no build was at work", f"nothing is disturbed in the step {step}")

    def _wait_until_settled(self, patience: float) -> None:
        """Wait until each landed file is known and a publication has read what can be read."""
        files = {
            hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self._settings.landing_dir.rglob("*")
            if path.is_file()
        }
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            time.sleep(2)
            try:
                known = {digest for (digest,) in self._ask("select distinct file_sha256 from ops.loads")}
                [(waiting,)] = self._ask(
                    """
                    select
                        (select count(*) from ops.builds where state = 'running')
                        + (select count(*) from ops.loads where state = 'loaded')
                        + (
                            select count(*)
                            from ops.loads
                            where state in ('checked', 'released')
                                and not exists (
                                    select
                                    from ops.build_loads
                                    inner join ops.publications on build_loads.build_id = publications.build_id
                                    where build_loads.load_id = loads.load_id
                                )
                        )
                    """
                )
            except psycopg.Error:
                continue
            if files <= known and not waiting:
                return
        self._note("not settled", f"within {patience:.0f} s")

    def _wait_for_the_watch(self, hook: HookServer) -> None:
        """Give the last rounds of the watch the time that they take."""
        deadline = time.monotonic() + 200
        while time.monotonic() < deadline:
            told = {about(item) for body in hook.bodies for item in body["items"]}
            if self._told.expected <= told:
                return
            time.sleep(5)

    def _sleep_until(self, moment: float) -> None:
        time.sleep(max(0.0, moment - time.monotonic()))

    def _ask(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._url, autocommit=True) as connection:
            return connection.execute(query.encode(), arguments or None).fetchall()

    def _is_ours(self, process: Any) -> bool:
        try:
            whole = " ".join([*process.cmdline(), process.environ().get("AIRFLOW_HOME", "")])
        except processes.psutil().Error:
            return False
        return str(self._settings.home) in whole and "postgres" not in whole

    def _note(self, what: str, detail: str) -> None:
        at = time.monotonic() - self._told.begin
        self._told.events.append((at, what, detail))
        self._say(f"{at:6.0f} s  {what}: {detail}")
