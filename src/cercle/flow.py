"""The flow from landed files to a publication: plain functions, which `cercle run` and the DAGs call alike.

    load_landing → check_raw → start_build → append_ledger → run_layer (staging, intermediate, marts)
        → check_marts → publish                                  and fail_build when one of them raises

Each function from `append_ledger` on is a step of the running build: it takes the lock of builds while it works,
refuses when the build has been taken over, and leaves its time in ops.build_steps. `build` holds the lock for all
of them. Every step can be killed and the whole begun again; only `publish` changes what readers see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cercle import builds, db, dbt_runner
from cercle import publish as publication
from cercle.build_lock import DEFAULT_WAIT_SECONDS, build_lock
from cercle.builds import Build, fail_build, start_build, start_revert
from cercle.progress import OnProgress, Progress, StepTime, Teller
from cercle.publish import ApplyIdentity, Publication
from cercle.settings import Settings

if TYPE_CHECKING:
    from cercle.dbt_results import DbtResult
    from cercle.load import LoadResult
    from cercle.quality import MartsCheck, RawCheck

__all__ = [
    "LAYERS",
    "Progress",
    "RunReport",
    "StepTime",
    "append_ledger",
    "build",
    "check_marts",
    "check_raw",
    "fail_build",
    "load_landing",
    "publish",
    "run",
    "run_layer",
    "start_build",
]

LAYERS = dbt_runner.LAYERS


@dataclass
class RunReport:
    """What a run did.

    Attributes:
        loads: one per file of the landing folder.
        raw_check: None where only a build was asked for.
    """

    loads: list[LoadResult] = field(default_factory=list)
    raw_check: RawCheck | None = None
    build: Build | None = None
    marts_check: MartsCheck | None = None
    publication: Publication | None = None
    steps: list[StepTime] = field(default_factory=list)


# --- steps ------------------------------------------------------------------------------------------------


def load_landing(
    settings: Settings, source: str | None = None, on_progress: OnProgress | None = None
) -> list[LoadResult]:
    """Load the new files of the landing folder; a file that is refused does not hinder the others.

    Args:
        settings: the landing folder and the sources.
        source: one source instance; by default all.
        on_progress: called before each file.
    """
    from cercle.load import LandingFile
    from cercle.load import load_landing as load

    def on_file(file: LandingFile, number: int, total: int) -> None:
        if on_progress:
            on_progress(Progress("load", file.path.name, number, total))

    return load(settings, source, on_file=on_file)


def check_raw(settings: Settings) -> RawCheck:
    """Judge the new deliveries: each becomes checked or quarantined."""
    from cercle.quality import check_raw as check

    return check(settings)


def append_ledger(settings: Settings, build_id: int) -> int:
    """Append the consent events of the admitted loads to the ledger.

    Returns:
        How many were new.
    """
    from cercle.privacy import append_admitted

    with builds.step(settings, build_id, "ledger") as details:
        with db.connect(settings) as connection:
            count = append_admitted(connection, settings)
        details["appended"] = count
    return count


def run_layer(
    settings: Settings,
    build_id: int,
    layer: str,
    allow_drop: bool = False,
    on_event: dbt_runner.OnEvent | None = None,
    on_results: dbt_runner.OnResults | None = None,
) -> DbtResult:
    """Run dbt for one layer of the build, tests included.

    After the first layer the marts' shapes are kept for the publication, and one that could not be published is
    refused at once, and not after the work.

    Args:
        settings: the project and its dbt.
        build_id: the running build.
        layer: staging, intermediate or marts.
        allow_drop: as for `publish`.
        on_event: called with each dbt node.
        on_results: called with the results of each dbt invocation.

    Raises:
        CercleError: a node or a test failed, or the shape of the marts is refused.
    """
    with builds.step(settings, build_id, layer) as details:
        scoring = _scoring(settings, build_id, details) if layer == LAYERS[1] else None
        result = dbt_runner.run_layer(
            settings,
            build_id,
            layer,
            _is_full_refresh(settings, build_id),
            on_event,
            scoring,
            on_results,
        )
        details.update(result.counts())
        if layer == LAYERS[0]:
            with db.connect(settings, autocommit=True) as connection:
                marts = publication.keep_shapes(connection, build_id, dbt_runner.read_manifest(settings))
                publication.plan_publication(connection, marts).refuse(allow_drop)
            details["marts"] = len(marts)
    return result


def check_marts(settings: Settings, build_id: int) -> MartsCheck:
    """Judge what was built.

    Raises:
        CercleError: a critical rule failed; nothing is published then.
    """
    from cercle.quality import check_marts as check

    with builds.step(settings, build_id, "marts check") as details:
        checked = check(settings, build_id)
        details["results"] = len(checked.results)
    return checked


def publish(
    settings: Settings,
    build_id: int,
    allow_drop: bool = False,
    apply_identity: ApplyIdentity | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> Publication:
    """Publish the build; see `cercle.publish.publish`."""
    with builds.step(settings, build_id, "publish") as details:
        published = publication.publish(settings, build_id, allow_drop, apply_identity, on_progress)
        details.update(publication_id=published.publication_id, changed_rows=published.changed_rows)
    return published


def _scoring(settings: Settings, build_id: int, details: dict[str, Any]) -> dbt_runner.Step | None:
    """The scoring of descriptions of people, where it is wanted and any can be new; else the last scores hold."""
    from cercle.identity import matching

    def score() -> None:
        with db.connect(settings) as connection:
            details["scoring"] = asdict(matching.deliver_scores(connection, build_id))

    if not matching.is_matching_on(settings):
        return None
    with db.connect(settings) as connection:
        if matching.is_scoring_due(connection, build_id):
            return dbt_runner.Step(matching.DESCRIPTIONS, score)
        matching.keep_scores(connection, build_id)
    return None


def _is_full_refresh(settings: Settings, build_id: int) -> bool:
    with db.connect(settings, autocommit=True) as connection:
        row = connection.execute(
            "select is_full_refresh from ops.builds where build_id = %s", (build_id,)
        ).fetchone()
    return bool(row and row[0])


# --- the whole --------------------------------------------------------------------------------------------


def run(
    settings: Settings,
    as_of: datetime | None = None,
    full_refresh: bool | None = None,
    allow_drop: bool = False,
    wait_seconds: float = DEFAULT_WAIT_SECONDS,
    on_progress: OnProgress | None = None,
) -> RunReport:
    """Load, check, build, check and publish, without a scheduler.

    Args:
        settings: where everything is.
        as_of: the moment that the models take for now; by default the start of the build.
        full_refresh: make incremental models anew; None decides by what has changed.
        allow_drop: as for `publish`.
        wait_seconds: how long to wait for another run.
        on_progress: called with each sign of life.

    Raises:
        CercleError: a step failed; what readers see has not changed.
    """
    report = RunReport()
    say = Teller(report.steps, on_progress)
    with dbt_runner.warm_dbt(settings):
        dbt_runner.parse_ahead(settings)
        with say.step("load") as summary:
            report.loads = load_landing(settings, on_progress=on_progress)
            summary.append(_load_summary(report.loads))
        with say.step("raw check") as summary:
            report.raw_check = check_raw(settings)
            quarantined = len(report.raw_check.by_state("quarantined"))
            summary.append(f"{len(report.raw_check.loads)} loads, {quarantined} quarantined")
        return _build(
            settings,
            report,
            say,
            lambda: start_build(settings, as_of, full_refresh, wait_seconds=wait_seconds),
            allow_drop,
            wait_seconds,
        )


def build(
    settings: Settings,
    as_of: datetime | None = None,
    full_refresh: bool | None = None,
    allow_drop: bool = False,
    wait_seconds: float = DEFAULT_WAIT_SECONDS,
    on_progress: OnProgress | None = None,
) -> RunReport:
    """Build and publish what is loaded and checked; arguments and errors as `run`."""
    report = RunReport()
    say = Teller(report.steps, on_progress)
    with dbt_runner.warm_dbt(settings):
        return _build(
            settings,
            report,
            say,
            lambda: start_build(settings, as_of, full_refresh, wait_seconds=wait_seconds),
            allow_drop,
            wait_seconds,
        )


def revert(
    settings: Settings,
    publication_id: int,
    as_of: datetime | None = None,
    allow_drop: bool = False,
    wait_seconds: float = DEFAULT_WAIT_SECONDS,
    on_progress: OnProgress | None = None,
) -> RunReport:
    """Publish again what an earlier publication's deliveries say, by today's code and rules.

    Deliveries that came later are left out of this one build, but for what the ledger heard: a refusal, an objection
    or a request that came since holds. Nobody who was erased comes back, since nothing of him or her is there.

    Args:
        settings: where everything is.
        publication_id: the publication.
        as_of: as `run`.
        allow_drop: as `run`.
        wait_seconds: as `run`.
        on_progress: as `run`.

    Raises:
        CercleError: there is no such publication, or as `run`.
    """
    report = RunReport()
    say = Teller(report.steps, on_progress)
    # What was delivered and not heard yet must be in the ledger before the deliveries are chosen.
    from cercle.privacy import append_admitted

    with db.connect(settings) as connection:
        append_admitted(connection, settings)
    with dbt_runner.warm_dbt(settings):
        return _build(
            settings,
            report,
            say,
            lambda: start_revert(settings, publication_id, as_of, wait_seconds),
            allow_drop,
            wait_seconds,
        )


def _build(
    settings: Settings,
    report: RunReport,
    say: Teller,
    start: Callable[[], Build],
    allow_drop: bool,
    wait_seconds: float,
) -> RunReport:
    def on_wait(holder: str) -> None:
        say.at("start", f"waits for {holder}")

    with build_lock(settings, wait_seconds, on_wait):
        with say.step("start") as summary:
            report.build = start()
            kind = "full refresh" if report.build.is_full_refresh else "increment"
            summary.append(
                f"build {report.build.build_id} as of {report.build.as_of:%Y-%m-%d %H:%M} UTC, {kind}, "
                f"{report.build.new_load_count} new loads of {report.build.load_count}"
            )
        build_id = report.build.build_id
        try:
            with say.step("ledger") as summary:
                summary.append(f"{append_ledger(settings, build_id)} new consent events")
            for layer in LAYERS:
                with say.step(layer) as summary:
                    result = run_layer(settings, build_id, layer, allow_drop, say.dbt_event(layer))
                    summary.append(
                        ", ".join(f"{count} {status}" for status, count in result.counts().items())
                    )
            with say.step("marts check") as summary:
                report.marts_check = check_marts(settings, build_id)
                summary.append(f"{len(report.marts_check.results)} rules")
            with say.step("publish") as summary:
                report.publication = publish(
                    settings, build_id, allow_drop, on_progress=lambda relation: say.at("publish", relation)
                )
                summary.append(
                    f"publication {report.publication.publication_id}, {report.publication.changed_rows} rows changed"
                )
        except BaseException as error:
            _fail_quietly(settings, build_id, error)
            raise
    return report


def _fail_quietly(settings: Settings, build_id: int, error: BaseException) -> None:
    """Mark the build as failed; when even that cannot be done, the next start abandons it."""
    try:
        fail_build(settings, build_id, error)
    except Exception:  # the first error is the one to report
        return


def _load_summary(loads: list[LoadResult]) -> str:
    states = [load.state for load in loads]
    counts = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states))) or "no files"
    return f"{counts}, {sum(load.stored_count for load in loads)} rows stored"
