"""Tells Airflow's OpenLineage provider what its own events cannot: dbt's models, and the relations of a task.

Nothing is done, nor imported, unless the provider is installed and has been told where its events go.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import Context

    from cercle.dbt_results import NodeResult
    from cercle.lineage import Parent
    from cercle.load import LoadResult
    from cercle.publish import Publication
    from cercle.settings import Settings

__all__ = ["end_helpers", "is_on", "tell_loaded", "tell_models", "tell_published"]

_log = logging.getLogger(__name__)


def is_on() -> bool:
    """Whether somebody wants lineage."""
    if find_spec("airflow.providers.openlineage") is None:
        return False
    from airflow.providers.openlineage import conf

    return not conf.is_disabled()


def tell_models(settings: Settings, context: Context, results: Sequence[NodeResult]) -> None:
    """Tell of the models that a task has run, as children of the task's run."""

    def tell() -> None:
        from airflow.providers.openlineage.api import emit

        from cercle.dbt_target import read_manifest
        from cercle.lineage import Warehouse, model_events

        events = model_events(
            read_manifest(settings), results, _parent(context["ti"]), Warehouse.of(settings)
        )
        for event in events:
            emit(event)

    _quietly(tell)


def tell_loaded(settings: Settings, context: Context, loads: Sequence[LoadResult]) -> None:
    """Tell which folders of the landing folder a task has loaded into which relations of raw.

    A folder, not a file: names of files are the senders', and they may say anything.
    """

    def tell() -> None:
        from openlineage.client.event_v2 import InputDataset
        from openlineage.client.naming.dataset import LocalFileSystem

        from cercle.lineage import Warehouse
        from cercle.sources import get_source

        warehouse = Warehouse.of(settings)
        stored = sorted({(load.source, load.entity) for load in loads if load.state == "loaded"})
        reads, written = [], []
        for source, entity in stored:
            folder = LocalFileSystem(str(settings.landing_dir / source / entity))
            reads.append(InputDataset(folder.get_namespace(), folder.get_name()))
            relation = get_source(settings, source).plugin.contract.entity(entity).relation
            written.append(warehouse.written("raw", relation))
        _tell_datasets(context, reads, written)

    _quietly(tell)


def tell_published(settings: Settings, context: Context, publication: Publication) -> None:
    """Tell which relations a task has published, and how many of their rows changed."""

    def tell() -> None:
        from cercle.lineage import Warehouse

        warehouse = Warehouse.of(settings)
        _tell_datasets(
            context,
            [warehouse.read("marts_build", changes.relation) for changes in publication.changes],
            [
                warehouse.written("marts", changes.relation, changes.changed)
                for changes in publication.changes
            ],
        )

    _quietly(tell)


def end_helpers() -> None:
    """End the process that tells of DAG runs, where tasks and scheduler are one process.

    It was forked from this one, and so it holds the pipes of the dbt that waits here, which ends when they close.
    """

    def end() -> None:
        from airflow.providers.openlineage.plugins.listener import get_openlineage_listener

        get_openlineage_listener().before_stopping(None)

    _quietly(end)


def _tell_datasets(context: Context, reads: list[Any], written: list[Any]) -> None:
    if not reads and not written:
        return
    from airflow.providers.openlineage.api import emit_dataset_lineage

    emit_dataset_lineage(inputs=reads, outputs=written, task_instance=context["ti"])


def _parent(task_instance: Any) -> Parent:
    from airflow.providers.openlineage.plugins import macros

    from cercle.lineage import Parent

    names: Any = macros  # Airflow has left some of them without types
    return Parent(
        namespace=names.lineage_job_namespace(),
        job=names.lineage_job_name(task_instance),
        run_id=names.lineage_run_id(task_instance),
        root_job=names.lineage_root_job_name(task_instance),
        root_run_id=names.lineage_root_run_id(task_instance),
    )


def _quietly(tell: Callable[[], None]) -> None:
    """Tell, where somebody listens; a listener that is away never fails a build."""
    if not is_on():
        return
    try:
        tell()
    except Exception as error:
        _log.warning("Lineage was not told: %s", type(error).__name__)
