"""The DAGs of a project: one per source that loads its new files, one that builds and publishes, requests, upkeep."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    DAG,
    Asset,
    AssetAny,
    AssetOrTimeSchedule,
    BaseOperator,
    CronDataIntervalTimetable,
    Param,
)
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from cercle.airflow import operators, privacy
from cercle.airflow.arrival import Arrival, AwaitFilesOperator, FetchFilesOperator
from cercle.airflow.dag_docs import BUILDING_DOC, DAILY_DOCS, LOADING_DOC
from cercle.airflow.layers import layer_groups
from cercle.airflow.watch import WatchOperator, tell_late
from cercle.errors import CercleError
from cercle.yaml_files import load_yaml

__all__ = ["Arrival", "TaskOptions", "build_dags"]

# A moment with its zone (RFC 3339), in the pattern language of JSON schemas.
_MOMENT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$"


@dataclass(frozen=True)
class TaskOptions:
    """How tasks behave when nobody looks.

    Attributes:
        owner: shown in Airflow, and asked when something fails.
        retries: further attempts for what can pass by itself; a refusal is never tried again.
        retry_delay: before the first further attempt; doubled each time, up to half an hour.
        timeout: of one task.
        pool: Airflow pool of the building tasks. `cercle up` makes the pool cercle_build with one slot.
        deadline: a build that has not ended so long after it was queued (and its window) is told to whom the watch
            tells; None = never.
        files_per_task: files that one mapped loading task takes.
        build_window: a build waits so long, from the first new delivery on, until all sources have delivered;
            None = any delivery starts one.
        build_schedule: builds by the clock too (cron, UTC), which also lets Airflow backfill them by data interval.
        privacy_schedule: of the round of requests and retention, in UTC.
        upkeep_schedule: of upkeep, which locks tables that an erasure touched while it rewrites them.
        watch_schedule: of the watch, which tells what needs a person.
        notify_conn_ids: Airflow connections (smtp or http) that it tells; with none, CERCLE_NOTIFY of the worker.
        watch_limits: from when on it tells; keyword arguments of `cercle.watch.Limits`.
    """

    owner: str = "cercle"
    retries: int = 2
    retry_delay: timedelta = timedelta(minutes=1)
    timeout: timedelta = timedelta(hours=2)
    pool: str = "default_pool"
    deadline: timedelta | None = timedelta(hours=3)
    files_per_task: int = 50
    build_window: timedelta | None = None
    build_schedule: str | None = None
    privacy_schedule: str | None = "0 5 * * *"
    upkeep_schedule: str | None = "30 3 * * *"
    watch_schedule: str | None = "*/10 * * * *"
    notify_conn_ids: tuple[str, ...] = ()
    watch_limits: Mapping[str, Any] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        """Return the default arguments of tasks."""
        return {
            "owner": self.owner,
            "retries": self.retries,
            "retry_delay": self.retry_delay,
            "retry_exponential_backoff": 2.0,
            "max_retry_delay": timedelta(minutes=30),
            "execution_timeout": self.timeout,
        }


@dataclass(frozen=True)
class _Project:
    folder: Path | None
    prefix: str
    options: TaskOptions
    step: Mapping[str, Any] = field(default_factory=dict)

    def raw_asset(self, source: str) -> Asset:
        return Asset(name=f"{self.prefix}_raw_{source}", uri=f"cercle://{self.prefix}/raw/{source}")

    def marts_asset(self) -> Asset:
        return Asset(name=f"{self.prefix}_marts", uri=f"cercle://{self.prefix}/marts")


def build_dags(
    project_dir: str | Path | None = None,
    *,
    sources: Iterable[str] | None = None,
    load_schedule: str | Arrival | Mapping[str, str | Arrival | None] | None = "@hourly",
    landing_dir: str | Path | None = None,
    warehouse_conn_id: str | None = None,
    options: TaskOptions | None = None,
    prefix: str = "cercle",
) -> dict[str, DAG]:
    """Return the DAGs of a project by their ids, for a DAG file's `globals().update(…)`.

    Args:
        project_dir: the user's dbt project; by default CERCLE_PROJECT. Only its dbt_project.yml is read.
        sources: names of the source instances, so that no file is read at all.
        load_schedule: when loading looks for new files: a schedule, or `Arrival()` to wait for them; one for all, or
            one by source.
        landing_dir: where files arrive; by default CERCLE_LANDING of the worker.
        warehouse_conn_id: Airflow connection of the warehouse; by default CERCLE_DSN of the worker.
        options: owner, retries, timeouts, pool.
        prefix: first part of DAG ids and asset names; two projects in one Airflow need two.

    Returns:
        `<prefix>_load_<source>` for each source, `<prefix>_build`, `<prefix>_privacy`, `<prefix>_upkeep`,
        `<prefix>_watch`.

    Raises:
        CercleError: there is no project, or it names no source.
    """
    folder = Path(project_dir or os.environ.get("CERCLE_PROJECT") or ".").absolute()
    names = list(sources) if sources is not None else _source_names(folder / "dbt_project.yml")
    project = _Project(
        folder,
        prefix,
        options or TaskOptions(),
        {
            "project_dir": str(folder),
            "landing_dir": str(landing_dir) if landing_dir else None,
            "warehouse_conn_id": warehouse_conn_id,
        },
    )
    dags = [
        _loading_dag(
            project,
            name,
            load_schedule.get(name) if isinstance(load_schedule, Mapping) else load_schedule,
        )
        for name in names
    ]
    dags += [
        _building_dag(project, names),
        _privacy_dag(project),
        _upkeep_dag(project),
        _watch_dag(project),
    ]
    return {dag.dag_id: dag for dag in dags}


def _loading_dag(project: _Project, source: str, schedule: str | Arrival | None) -> DAG:
    arrival = schedule if isinstance(schedule, Arrival) else None
    with _dag(
        project,
        f"load_{source}",
        schedule if not isinstance(schedule, Arrival) else "@continuous",
        f"Loads the new files of {source} into raw.",
        LOADING_DOC.format(source=source),
        tags=["cercle", "load"],
    ) as dag:
        find = operators.FindFilesOperator(
            task_id="find_files",
            source=source,
            files_per_task=project.options.files_per_task,
            doc_md="Reads the landing folder and `ops.loads`; hands on names of files.",
            **project.step,
        )
        load = operators.LoadFilesOperator.partial(
            task_id="load_files",
            source=source,
            map_index_template="{{ task.files | length }} files",
            doc_md="Writes `raw`, `ops.loads`, `ops.rejected_rows`, a transaction per file.",
            **project.step,
        ).expand(files=find.output)
        announce = EmptyOperator(
            task_id="announce",
            outlets=[project.raw_asset(source)],
            trigger_rule="all_done_min_one_success",
            doc_md="Tells the building DAG, also when one of several chunks has failed.",
        )
        complete = EmptyOperator(task_id="complete", doc_md="Fails with the run when a chunk has failed.")
        load >> [announce, complete]
        if arrival is not None:
            _await_files(project, source, arrival) >> find
    return dag


def _await_files(project: _Project, source: str, arrival: Arrival) -> BaseOperator:
    """Return the last of the tasks that come before loading where a source is loaded on arrival."""
    wait = AwaitFilesOperator(
        task_id="await_files",
        source=source,
        arrival=arrival,
        doc_md="Reads names and times of files, and `ops.landing_files`; waits in the triggerer.",
        **project.step,
    )
    if arrival.folder is None:
        return wait
    fetch = FetchFilesOperator(
        task_id="fetch_files",
        source=source,
        arrival=arrival,
        doc_md="Reads the object store; writes the landing folder.",
        **project.step,
    )
    wait >> fetch
    return fetch


def _building_dag(project: _Project, sources: Sequence[str]) -> DAG:
    arguments = {
        **project.options.arguments(),
        "pool": project.options.pool,
        "on_failure_callback": operators.fail_build,
    }
    with _dag(
        project,
        "build",
        _building_schedule(project, sources),
        "Checks new deliveries, builds staging, intermediate and marts, checks and publishes them.",
        BUILDING_DOC,
        default_args=arguments,
        deadline=_deadline(project.options),
        params={
            "as_of": Param(
                None,
                type=["null", "string"],
                format="date-time",
                pattern=_MOMENT,  # the format alone is not enforced
                description="The moment that the build takes for now; by default its start.",
            )
        },
    ) as dag:
        groups = layer_groups(project.step, project.marts_asset(), sources, project.options.build_window)
        for before, after in pairwise(groups):
            before >> after
    return dag


def _building_schedule(project: _Project, sources: Sequence[str]) -> AssetAny | AssetOrTimeSchedule:
    loaded = AssetAny(*(project.raw_asset(source) for source in sources))
    if project.options.build_schedule is None:
        return loaded
    clock = CronDataIntervalTimetable(project.options.build_schedule, timezone="UTC")
    return AssetOrTimeSchedule(timetable=clock, assets=loaded)


def _deadline(options: TaskOptions) -> DeadlineAlert | None:
    if options.deadline is None:
        return None
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=options.deadline + (options.build_window or timedelta()),
        callback=SyncCallback(tell_late, {"notify_conn_ids": list(options.notify_conn_ids)}),
    )


def _privacy_dag(project: _Project) -> DAG:
    with _dag(
        project,
        "privacy",
        project.options.privacy_schedule,
        "Answers what needs no judgement, watches deadlines, keeps to retention.",
        DAILY_DOCS["privacy"],
    ) as dag:
        answer = privacy.AnswerStopsOperator(
            task_id="answer_stops",
            doc_md="Reads `privacy.requests`; writes `privacy.request_answers` and the ledger.",
            **project.step,
        )
        check = privacy.CheckDeadlinesOperator(
            task_id="check_deadlines",
            doc_md="Reads `privacy.requests`; fails while one is late or soon will be.",
            **project.step,
        )
        privacy.ApplyRetentionOperator(
            task_id="apply_retention",
            doc_md="Reads the house's rules; deletes from `ops.rejected_rows` and the landing folder.",
            **project.step,
        )
        answer >> check
    return dag


def _upkeep_dag(project: _Project) -> DAG:
    with _dag(
        project,
        "upkeep",
        project.options.upkeep_schedule,
        "Rewrites what erasures touched, vacuums and analyzes what has changed, and keeps the day's figures.",
        DAILY_DOCS["upkeep"],
    ) as dag:
        purge = privacy.PurgeOperator(
            task_id="purge",
            doc_md="Reads `privacy.erasure_relations`; rewrites tables, writes `privacy.rewrites`.",
            **project.step,
        )
        keep_up = privacy.KeepUpOperator(
            task_id="keep_up",
            doc_md="Reads the server's counters; writes no row: vacuums and analyzes tables that have changed.",
            **project.step,
        )
        figures = privacy.KeepFiguresOperator(
            task_id="keep_figures",
            doc_md="Reads `marts.contactability`, the ledger, requests; writes `privacy.consent_daily`.",
            **project.step,
        )
        purge >> keep_up >> figures
    return dag


def _watch_dag(project: _Project) -> DAG:
    with _dag(
        project,
        "watch",
        project.options.watch_schedule,
        "Tells what needs a person, once, and once that it is over.",
        DAILY_DOCS["watch"],
    ) as dag:
        WatchOperator(
            task_id="tell",
            notify_conn_ids=project.options.notify_conn_ids,
            limits=dict(project.options.watch_limits),
            doc_md="Reads `ops`; writes `ops.watched_conditions`; sends e-mails and posts to webhooks.",
            **project.step,
        )
    return dag


def _dag(
    project: _Project,
    name: str,
    schedule: str | AssetAny | AssetOrTimeSchedule | None,
    description: str,
    doc_md: str,
    **others: Any,
) -> DAG:
    """What all DAGs have; `others` goes before it."""
    options: dict[str, Any] = {
        "start_date": datetime(2024, 1, 1, tzinfo=UTC),
        "catchup": False,
        "auto_register": False,  # what a DAG file names is its DAGs, and nothing else
        "max_active_runs": 1,
        "default_args": project.options.arguments(),
        "tags": ["cercle", name],
    }
    return DAG(
        f"{project.prefix}_{name}",
        schedule=schedule,
        description=description,
        doc_md=doc_md,
        **(options | others),
    )


def _source_names(path: Path) -> list[str]:
    """Return the names in the project's var `cercle_sources`; plugins are not imported for it."""
    try:
        document = load_yaml(path.read_text(encoding="utf-8"))
        variables = document.get("vars") or {}
        names = variables.get("cercle_sources") or (variables.get("cercle") or {})["cercle_sources"]
        return [str(name) for name in names]
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise CercleError(
            "The project's sources cannot be read",
            where=str(path),
            remedy="Set CERCLE_PROJECT to a project made by `cercle init`, or pass sources=[…] to build_dags",
        ) from error
