"""OpenLineage events of dbt's models: each with the task that ran it, what it read and what it wrote.

They name relations and columns, and count rows: no SQL, no value of a row, no message of the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    documentation_job,
    job_type_job,
    output_statistics_output_dataset,
    parent_run,
    schema_dataset,
)
from openlineage.client.naming.dataset import Postgres
from openlineage.client.uuid import generate_new_uuid

from cercle import __version__, db
from cercle.dbt_results import NodeResult
from cercle.settings import Settings

__all__ = ["PRODUCER", "Parent", "Warehouse", "model_events"]

PRODUCER = f"urn:cercle:{__version__}"

_ENDS = {"success": RunState.COMPLETE, "error": RunState.FAIL, "runtime error": RunState.FAIL}

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Parent:
    """The run that started the models, as OpenLineage knows it.

    Attributes:
        namespace: of jobs; the models' jobs have it too.
        job: name of the task's job.
        run_id: of the task's run.
        root_job: name of the DAG's job.
        root_run_id: of the DAG's run.
    """

    namespace: str
    job: str
    run_id: str
    root_job: str
    root_run_id: str

    def facet(self) -> parent_run.ParentRunFacet:
        """Return it as a facet of a run."""
        return parent_run.ParentRunFacet(
            run=parent_run.Run(runId=self.run_id),
            job=parent_run.Job(namespace=self.namespace, name=self.job),
            root=parent_run.Root(
                run=parent_run.RootRun(runId=self.root_run_id),
                job=parent_run.RootJob(namespace=self.namespace, name=self.root_job),
            ),
        )


@dataclass(frozen=True)
class Warehouse:
    """The database as OpenLineage names it, without account and password."""

    host: str
    port: str
    database: str

    @classmethod
    def of(cls, settings: Settings) -> Warehouse:
        """Return the warehouse of these settings; a socket is this machine."""
        parts = db.conninfo(settings)
        host = parts.get("host", "localhost")
        return cls("localhost" if host.startswith("/") else host, parts.get("port", "5432"), parts["dbname"])

    def read(self, schema: str, relation: str) -> InputDataset:
        """Return a relation that a run reads."""
        name = Postgres(self.host, self.port, self.database, schema, relation)
        return InputDataset(name.get_namespace(), name.get_name())

    def written(
        self, schema: str, relation: str, row_count: int | None = None, columns: Sequence[Node] = ()
    ) -> OutputDataset:
        """Return a relation that a run writes.

        Args:
            schema: of the relation.
            relation: its name.
            row_count: rows that the run wrote; None where nobody counted.
            columns: name and data_type of those that are declared.
        """
        name = Postgres(self.host, self.port, self.database, schema, relation)
        dataset = OutputDataset(name.get_namespace(), name.get_name())
        if columns:
            fields = [
                schema_dataset.SchemaDatasetFacetFields(column["name"], column.get("data_type"))
                for column in columns
            ]
            dataset.facets = {"schema": schema_dataset.SchemaDatasetFacet(fields)}
        if row_count is not None:
            dataset.outputFacets = {
                "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                    row_count
                )
            }
        return dataset


def model_events(
    manifest: Mapping[str, Any], results: Sequence[NodeResult], parent: Parent, warehouse: Warehouse
) -> Iterator[RunEvent]:
    """Yield two events of each model, seed or snapshot that ran: its start, and its end.

    Args:
        manifest: dbt's, of the project.
        results: of the nodes that ran; tests and skipped nodes are left out.
        parent: the run that started them.
        warehouse: where the relations are.
    """
    for result in results:
        node = manifest["nodes"].get(result.node_id)
        end = _ENDS.get(result.status)
        if node is None or not node.get("relation_name") or end is None:
            continue
        if result.started_at is None or result.finished_at is None:
            continue
        run = Run(str(generate_new_uuid()), facets={"parent": parent.facet()})
        job = Job(parent.namespace, result.node_id, facets=_job_facets(node))
        inputs = [_read(warehouse, read) for read in _reads(manifest, node)]
        written = warehouse.written(
            node["schema"], node["alias"], result.row_count, list(node["columns"].values())
        )
        for state, moment in ((RunState.START, result.started_at), (end, result.finished_at)):
            yield RunEvent(
                eventType=state,
                eventTime=moment,
                run=run,
                job=job,
                inputs=inputs,
                outputs=[written],
                producer=PRODUCER,
            )


def _job_facets(node: Node) -> dict[str, Any]:
    return {
        "jobType": job_type_job.JobTypeJobFacet("BATCH", "DBT", node["resource_type"].upper()),
        "documentation": documentation_job.DocumentationJobFacet(node["description"] or node["name"]),
    }


def _read(warehouse: Warehouse, node: Node) -> InputDataset:
    return warehouse.read(node["schema"], node.get("identifier") or node["alias"])


def _reads(manifest: Mapping[str, Any], node: Node) -> list[Node]:
    """Return the nodes with a relation that a node reads, through those that are only a part of its statement."""
    found: dict[str, Node] = {}
    waiting = list(node["depends_on"].get("nodes", ()))  # a seed reads none
    while waiting:
        unique_id = waiting.pop(0)
        read = manifest["nodes"].get(unique_id) or manifest["sources"].get(unique_id)
        if read is None:
            continue
        if read.get("relation_name"):
            found[unique_id] = read
        else:
            waiting += read["depends_on"]["nodes"]
    return list(found.values())
