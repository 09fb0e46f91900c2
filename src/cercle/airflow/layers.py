"""The four layers of a build as task groups: raw, staging, intermediate, marts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, TaskGroup

from cercle.airflow import operators
from cercle.airflow.arrival import AwaitSourcesOperator

__all__ = ["layer_groups"]

Step = Mapping[str, Any]


def layer_groups(
    step: Step, published: Asset, sources: Sequence[str], window: timedelta | None
) -> list[TaskGroup]:
    """Return the groups in their order, for the DAG that is being made.

    Args:
        step: arguments that every operator takes.
        published: asset that the publication emits.
        sources: those that a build waits for.
        window: how long it waits for them; None = not at all.
    """
    return [_raw(step, sources, window), _staging(step), _intermediate(step), _marts(step, published)]


def _raw(step: Step, sources: Sequence[str], window: timedelta | None) -> TaskGroup:
    with TaskGroup("raw", tooltip="What was delivered: typed, append only") as group:
        check = operators.CheckRawOperator(
            task_id="check_raw",
            doc_md="Reads new loads in `raw`; writes `ops.quality_results` and the state in `ops.loads`.",
            **step,
        )
        start = operators.StartBuildOperator(
            task_id="start_build", doc_md="Writes `ops.builds`, `ops.build_loads`.", **step
        )
        check >> start
        if window is not None:
            wait = AwaitSourcesOperator(
                task_id="await_sources",
                sources=sources,
                window=window,
                doc_md="Reads `ops.loads`; waits, in the triggerer, until all sources have delivered.",
                **step,
            )
            wait >> check
    return group


def _staging(step: Step) -> TaskGroup:
    with TaskGroup("staging", tooltip="Renamed, one model per source table") as group:
        operators.RunDbtOperator(
            task_id="run_dbt", layer="staging", doc_md="Reads `raw`; writes `staging`.", **step
        )
    return group


def _intermediate(step: Step) -> TaskGroup:
    with TaskGroup("intermediate", tooltip="Identity, interactions, consent") as group:
        ledger = operators.AppendLedgerOperator(
            task_id="append_ledger", doc_md="Reads `staging`; writes the ledger in `privacy`.", **step
        )
        models = operators.RunDbtOperator(
            task_id="run_dbt",
            layer="intermediate",
            doc_md="Reads `staging`, `privacy`, `identity`; writes `intermediate`.",
            **step,
        )
        ledger >> models
    return group


def _marts(step: Step, published: Asset) -> TaskGroup:
    with TaskGroup("marts", tooltip="What people read") as group:
        models = operators.RunDbtOperator(
            task_id="run_dbt",
            layer="marts",
            doc_md="Reads `intermediate`; writes `marts_build`.",
            **step,
        )
        check = operators.CheckMartsOperator(
            task_id="check_marts", doc_md="Reads `marts_build`; writes `ops.quality_results`.", **step
        )
        publish = operators.PublishOperator(
            task_id="publish",
            outlets=[published],
            doc_md="Reads `marts_build`; writes `marts`, `identity`, `ops.publications`, in one transaction.",
            **step,
        )
        models >> check >> publish
    return group
