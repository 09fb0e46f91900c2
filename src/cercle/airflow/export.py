"""The operator of the export gate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cercle.airflow.operators import CercleOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from cercle.settings import Settings

__all__ = ["ExportContactsOperator"]


class ExportContactsOperator(CercleOperator):
    """Write the contact points of a segment that may be used when the task runs, and record every decision.

    A task that is tried again, or cleared, writes nothing twice: its key is the DAG run's and the task's.

    Args:
        segment: a name of a segment, or SQL that gives customer_id.
        channel: code of the channel.
        purpose: code of the purpose.
        out: file to write.
        options: further attributes of `cercle.privacy.export.ExportRequest`, as recipient or controller.
    """

    template_fields = (*CercleOperator.template_fields, "segment", "out", "options")

    def __init__(
        self,
        *,
        segment: str,
        channel: str,
        purpose: str,
        out: str,
        options: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.segment = segment
        self.channel = channel
        self.purpose = purpose
        self.out = out
        self.options = options or {}

    def run_step(self, settings: Settings, context: Context) -> dict[str, int]:
        """Return the export's number and its counts."""
        from cercle.privacy.export import ExportRequest, export

        options = {"key": f"{context['run_id']}:{self.task_id}", **self.options}
        if "columns" in options:
            options["columns"] = tuple(options["columns"])
        report = export(
            settings,
            ExportRequest(self.segment, self.channel, self.purpose, Path(self.out), **options),
        )
        self.log.info("%s of %s lines left by export %s", report.allowed, report.lines, report.export_id)
        return {
            "export_id": report.export_id or 0,
            "lines": report.lines,
            "allowed": report.allowed,
            "without_contact_point": report.without_contact_point,
        }
