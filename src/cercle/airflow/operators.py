"""Operators: each is one step of `cercle.flow`, which is imported when the task runs and never before.

They take the warehouse from CERCLE_* variables of the worker, or from an Airflow connection. What they hand
on by XCom are numbers and names of files, never a value of a row.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from cercle.airflow import lineage
from cercle.airflow.in_process import Event
from cercle.errors import EXIT_DATABASE, EXIT_INTERRUPTED, EXIT_LOCKED, CercleError

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.sdk import Context

    from cercle.dbt_results import NodeResult
    from cercle.settings import Settings

__all__ = [
    "AppendLedgerOperator",
    "CercleOperator",
    "CheckMartsOperator",
    "CheckRawOperator",
    "FindFilesOperator",
    "LoadFilesOperator",
    "PublishOperator",
    "RunDbtOperator",
    "StartBuildOperator",
    "fail_build",
]

# A build keeps its place between two tasks for so long: longer than the pauses between attempts.
LEASE_SECONDS = 15 * 60

START_BUILD_TASK = "raw.start_build"

# What may pass by itself: the database was away or full, someone else held the lock, dbt was killed.
_CAN_PASS = frozenset({EXIT_DATABASE, EXIT_INTERRUPTED, EXIT_LOCKED})

# A run in this process may listen to its tasks; see `in_process`.
listener: Callable[[Event], None] | None = None


class _Sentence(AirflowException):
    """An error as a sentence; the task may be tried again."""


class _FinalSentence(AirflowFailException):
    """An error as a sentence; trying again would not help."""


class CercleOperator(BaseOperator):
    """One step of the flow.

    Args:
        project_dir: the user's dbt project; by default CERCLE_PROJECT of the worker.
        landing_dir: where files arrive; by default CERCLE_LANDING of the worker.
        warehouse_conn_id: Airflow connection of the warehouse; by default CERCLE_DSN, or the embedded server.
    """

    template_fields: Sequence[str] = ("project_dir", "landing_dir")
    ui_color = "#e8f0ee"

    def __init__(
        self,
        *,
        project_dir: str | None = None,
        landing_dir: str | None = None,
        warehouse_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.project_dir = project_dir
        self.landing_dir = landing_dir
        self.warehouse_conn_id = warehouse_conn_id

    def settings(self) -> Settings:
        """Return the settings of the step, from the worker's variables and the operator's own arguments."""
        from cercle.settings import Settings

        variables = dict(os.environ)
        if self.project_dir:
            variables["CERCLE_PROJECT"] = self.project_dir
            variables.setdefault("CERCLE_HOME", str(Path(self.project_dir) / ".cercle"))
        if self.landing_dir:
            variables["CERCLE_LANDING"] = self.landing_dir
        if self.warehouse_conn_id:
            from airflow.sdk import BaseHook

            variables["CERCLE_DSN"] = BaseHook.get_connection(self.warehouse_conn_id).get_uri()
        return Settings.from_env(variables)

    def execute(self, context: Context) -> Any:
        """Run the step; what cannot pass by itself is not tried again."""
        self._tell("begins")
        try:
            result = self.run_step(self.settings(), context)
        except AirflowSkipException:
            self._tell("done")
            raise
        except Exception as error:
            sentence = _sentence(error)
            self._tell("failed", error if isinstance(error, CercleError) else CercleError(sentence))
            is_final = isinstance(error, CercleError) and error.exit_code not in _CAN_PASS
            raise (_FinalSentence if is_final else _Sentence)(sentence) from None
        self._tell("done", result)
        return result

    def run_step(self, settings: Settings, context: Context) -> Any:
        """Do the step's work; what it returns goes to XCom."""
        raise NotImplementedError

    def build_id(self, context: Context) -> int:
        """Return the build that this DAG run started."""
        return int(context["ti"].xcom_pull(task_ids=START_BUILD_TASK))

    def _tell(self, what: str, value: Any = None) -> None:
        if listener is not None:
            listener(Event(self.dag_id, self.task_id, what, value))


class FindFilesOperator(CercleOperator):
    """Find the new files of a source, in chunks for mapped loading tasks."""

    def __init__(self, *, source: str, files_per_task: int = 50, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.files_per_task = files_per_task

    def run_step(self, settings: Settings, context: Context) -> list[list[str]]:
        """Return chunks of file names, relative to the landing folder."""
        from cercle.load import new_landing_files
        from cercle.load.landing import landing_files
        from cercle.sources import get_source

        for file in landing_files(settings, [get_source(settings, self.source)]):
            if file.entity is None:
                self.log.warning("%s is left: neither folder nor name tell its entity", file.name)
        entities = new_landing_files(settings).get(self.source, {})
        files = [str(path.relative_to(settings.landing_dir)) for paths in entities.values() for path in paths]
        size = self.files_per_task
        return [files[begin : begin + size] for begin in range(0, len(files), size)]


class LoadFilesOperator(CercleOperator):
    """Load one chunk of files of a source; a file that is refused does not hinder the others."""

    template_fields = (*CercleOperator.template_fields, "files")

    def __init__(self, *, source: str, files: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.files = files

    def run_step(self, settings: Settings, context: Context) -> dict[str, int]:
        """Return the number of files by what became of them, and of rows."""
        from cercle.load import load_landing

        loads = load_landing(
            settings, self.source, files=[settings.landing_dir / name for name in self.files]
        )
        lineage.tell_loaded(settings, context, loads)
        for load in loads:
            if load.state == "refused":
                self.log.warning("%s was refused: %s", load.file, load.message)
        states = [load.state for load in loads]
        return {
            **{state: states.count(state) for state in sorted(set(states))},
            "stored_rows": sum(load.stored_count for load in loads),
            "rejected_rows": sum(load.rejected_count for load in loads),
        }


class CheckRawOperator(CercleOperator):
    """Judge the new deliveries: let them in, or quarantine them."""

    def run_step(self, settings: Settings, context: Context) -> dict[str, int]:
        """Return the number of deliveries by their new state."""
        from cercle import flow

        found = flow.check_raw(settings)
        states = [load.state for load in found.loads]
        for load in found.loads:
            for reason in load.reasons:
                self.log.warning(
                    "Load %s of %s.%s is %s: %s", load.load_id, load.source, load.entity, load.state, reason
                )
        return {state: states.count(state) for state in sorted(set(states))}


class StartBuildOperator(CercleOperator):
    """Start a build, and fix the deliveries that it is made of."""

    def run_step(self, settings: Settings, context: Context) -> int:
        """Return the build's number."""
        from datetime import datetime

        from cercle import flow

        as_of = context["params"].get("as_of")
        build = flow.start_build(
            settings,
            as_of=datetime.fromisoformat(as_of) if as_of else _end_of_backfilled(context),
            run_id=context["run_id"],
            lease_seconds=LEASE_SECONDS,
        )
        kind = build.full_refresh_reason or f"increment of {build.new_load_count} loads"
        self.log.info("Build %s as of %s: %s", build.build_id, build.as_of, kind)
        return build.build_id


class AppendLedgerOperator(CercleOperator):
    """Append the new consent events to the ledger."""

    def run_step(self, settings: Settings, context: Context) -> int:
        """Return how many were new; a second time there are none."""
        from cercle import flow

        return flow.append_ledger(settings, self.build_id(context))


class RunDbtOperator(CercleOperator):
    """Build one layer of models: staging, intermediate or marts."""

    def __init__(self, *, layer: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer = layer

    def run_step(self, settings: Settings, context: Context) -> dict[str, int]:
        """Return the number of nodes by status; their times are in the log and in ops.build_models."""
        from cercle import flow

        def on_results(nodes: Sequence[NodeResult]) -> None:
            self._log_times(nodes)
            lineage.tell_models(settings, context, nodes)

        result = flow.run_layer(settings, self.build_id(context), self.layer, on_results=on_results)
        return dict(result.counts())

    def _log_times(self, nodes: Sequence[NodeResult]) -> None:
        """Write a line for each model, the slowest first, and one for all tests."""
        tests = [node for node in nodes if node.node_id.startswith("test.")]
        for node in sorted(set(nodes).difference(tests), key=lambda node: (-node.seconds, node.node_id)):
            rows = "" if node.row_count is None else f", {node.row_count} rows"
            self.log.info("%7.2f s  %s: %s%s", node.seconds, node.name, node.status, rows)
        if tests:
            self.log.info("%7.2f s  %s tests", sum(node.seconds for node in tests), len(tests))


class CheckMartsOperator(CercleOperator):
    """Judge what was built; a critical rule that fails holds the publication back."""

    def run_step(self, settings: Settings, context: Context) -> dict[str, int]:
        """Return the number of checks by outcome."""
        from cercle import flow

        outcomes = [result.outcome for result in flow.check_marts(settings, self.build_id(context)).results]
        return {outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))}


class PublishOperator(CercleOperator):
    """Publish the marts in one transaction."""

    def run_step(self, settings: Settings, context: Context) -> int:
        """Return the publication's number."""
        from cercle import flow

        published = flow.publish(settings, self.build_id(context))
        lineage.tell_published(settings, context, published)
        return published.publication_id


def _end_of_backfilled(context: Context) -> datetime | None:
    """Return the end of the data interval that a backfill builds; None for any other run."""
    run: Any = context["dag_run"]
    return run.data_interval_end if run.run_type == "backfill" else None


def fail_build(context: Context) -> None:
    """Note in ops.builds that the build of this DAG run has failed; for `on_failure_callback`.

    Where the callback itself cannot run (the machine went down), the next build abandons this one.
    """
    from cercle import flow

    task: Any = context["task"]
    build_id = context["ti"].xcom_pull(task_ids=START_BUILD_TASK)
    if build_id is not None:
        flow.fail_build(
            task.settings(), int(build_id), f"{task.task_id}: {_sentence(context.get('exception'))}"
        )


def _sentence(error: object) -> str:
    """Return an error without a value of a row: a driver's own message may quote one."""
    if isinstance(error, CercleError | _Sentence | _FinalSentence):
        return str(error)
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        where = f" at {Path(frames[-1].filename).name} line {frames[-1].lineno}" if frames else ""
        return f"an error that cercle did not expect ({type(error).__name__}{where})"
    return "the task failed"
