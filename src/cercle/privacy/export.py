"""Exports: the lines of a segment that may be contacted, decided when the file leaves, and a record of each.

    blocks (gate) → segment → lines → decisions (the mart's SQL, now) → limits of the house → record → file

Everything is one transaction on one state of the ledger, under the lock of builds. The file is written beside its
place, the record is committed, then the file is put in its place: no file leaves without its record.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from cercle import db
from cercle.build_lock import DEFAULT_WAIT_SECONDS, build_lock
from cercle.errors import EXIT_DIFFERENCE, EXIT_USAGE, CercleError
from cercle.privacy import export_sql
from cercle.privacy.decisions import PLANNER, make_world
from cercle.privacy.export_aggregate import write_aggregate
from cercle.privacy.export_file import FORMATS, ExportFile
from cercle.privacy.export_segment import Segment, fill_segment, read_segment
from cercle.privacy.gate import Block, find_blocks
from cercle.privacy.pressure import mark_pressed
from cercle.privacy.rendering import render
from cercle.project import project_variable
from cercle.settings import Settings

__all__ = ["ExportReport", "ExportRequest", "export"]


@dataclass(frozen=True)
class ExportRequest:
    """What is to leave.

    Attributes:
        segment: a name, or SQL that gives customer_id; see `read_segment`.
        out: the file to write; nothing may stand there yet.
        controller: legal entity that asks; a sale allows its own seller alone. By default var cercle_controller.
        product_family: what is advertised; a sale or contract allows its own family alone.
        columns: columns of customer_360 that leave with each line, or that an aggregate counts by.
        is_aggregate: counts of allowed persons instead of lines.
        all_contact_points: every allowed contact point of a person, not the best one alone.
        key: idempotency key: a second export with it writes nothing again.
        jurisdiction: whose law decides; by default var cercle_jurisdiction.
    """

    segment: str
    channel: str
    purpose: str
    out: Path
    recipient: str | None = None
    controller: str | None = None
    product_family: str | None = None
    format: str = "csv"
    columns: tuple[str, ...] = ()
    is_aggregate: bool = False
    all_contact_points: bool = False
    key: str | None = None
    jurisdiction: str | None = None


@dataclass(frozen=True)
class ExportReport:
    """What left; numbers, and no value of a person.

    Attributes:
        export_id: its row in privacy.exports; None for a dry run.
        is_repeated: an earlier export with the same key had done it, and nothing was written.
        lines: contact points asked.
        allowed: lines in the file (of an aggregate: persons counted).
        without_contact_point: customers of the segment who have none for the channel.
        reasons: lines by reason.
    """

    export_id: int | None
    exported_at: datetime
    ledger_position: int | None
    customers: int
    lines: int
    allowed: int
    without_contact_point: int
    reasons: dict[str, int] = field(default_factory=dict)
    file: Path | None = None
    file_sha256: str | None = None
    is_repeated: bool = False


def export(
    settings: Settings,
    request: ExportRequest,
    is_dry_run: bool = False,
    exported_at: datetime | None = None,
    wait_seconds: float = DEFAULT_WAIT_SECONDS,
) -> ExportReport:
    """Decide about every line of a segment, record it, and write the allowed ones.

    Args:
        settings: the warehouse and the project.
        request: what is to leave.
        is_dry_run: decide and count; record and write nothing.
        exported_at: the moment of the export, with its zone; by default now.
        wait_seconds: how long to wait for a build that runs.

    Raises:
        CercleError: the gate is shut (which is recorded), the request is wrong, or the file cannot be written.
    """
    _refuse_wrong(request)
    request = replace(
        request,
        controller=request.controller or project_variable(settings, "cercle_controller"),
        jurisdiction=request.jurisdiction or project_variable(settings, "cercle_jurisdiction"),
    )
    segment = read_segment(settings, request.segment)
    moment = exported_at or datetime.now(UTC)
    with (
        build_lock(settings, wait_seconds),
        db.connect(settings, application_name="cercle export") as connection,
    ):
        repeated = _repeated(connection, request)
        if repeated is not None:
            return repeated
        connection.rollback()
        connection.execute("set transaction isolation level repeatable read")
        blocks = find_blocks(connection, moment)
        if blocks:
            _keep_back(connection, request, segment, moment, blocks, is_dry_run)
        return _export(connection, request, segment, moment, is_dry_run)


def _export(
    connection: psycopg.Connection,
    request: ExportRequest,
    segment: Segment,
    moment: datetime,
    is_dry_run: bool,
) -> ExportReport:
    _refuse_unknown_codes(connection, request)
    allowed_columns = _pass_columns(connection, request.columns)
    customers = fill_segment(connection, segment)
    question = _question(request, moment)
    connection.execute(export_sql.LINES, question)
    connection.execute("analyze pg_temp.export_lines")
    world = make_world(connection)
    connection.execute(PLANNER)
    answers = render("decide_contacts", questions="pg_temp.export_lines", world=world)
    connection.execute(f"create temporary table export_answers on commit drop as {answers}".encode())
    mark_pressed(connection, question)
    connection.execute(export_sql.DECIDED, {**question, "all_contact_points": request.all_contact_points})
    reasons: dict[str, int] = dict(connection.execute(export_sql.REASONS).fetchall())
    lines, allowed, without = connection.execute(export_sql.COUNTS).fetchone() or (0, 0, 0)
    position = _position(connection)
    record: dict[str, Any] = {
        **_record(request, segment, moment),
        "ledger_position": position,
        "line_count": lines,
        "allowed_count": allowed,
        "without_contact_point_count": without,
    }
    counts: dict[str, Any] = {
        "exported_at": moment,
        "ledger_position": position,
        "customers": customers,
        "lines": lines,
        "allowed": allowed,
        "without_contact_point": without,
        "reasons": reasons,
    }
    if is_dry_run:
        connection.rollback()
        return ExportReport(export_id=None, **counts)
    file = ExportFile(request.out, request.format, request.key or secrets.token_hex(16))
    with _draft(file):
        if request.is_aggregate:
            sha256 = write_aggregate(connection, file, allowed_columns, moment)
        else:
            names = sql.SQL("").join(
                sql.SQL(", customers.{}").format(sql.Identifier(name)) for name in allowed_columns
            )
            with connection.cursor(name="export_rows") as rows:
                rows.execute(sql.SQL(export_sql.ROWS).format(columns=names))
                sha256 = file.write(["customer_id", "contact_point", *allowed_columns], rows)
        export_id = _keep(connection, {**record, "file_sha256": sha256})
        if not request.is_aggregate:
            connection.execute(export_sql.KEEP_DECISIONS, {**question, "export_id": export_id, **record})
        connection.commit()
    file.put()
    return ExportReport(export_id=export_id, file=request.out, file_sha256=sha256, **counts)


@contextmanager
def _draft(file: ExportFile) -> Iterator[None]:
    """Remove the draft when the export fails before it is recorded."""
    try:
        yield
    except BaseException:
        file.drop()
        raise


def _refuse_wrong(request: ExportRequest) -> None:
    wrong = None
    if request.format not in FORMATS:
        wrong = (f"An export is written as {' or '.join(FORMATS)}; got {request.format!r}", "--format")
    elif request.purpose == "partner_prospecting" and not request.recipient:
        wrong = ("Passing on to a partner needs the partner's name", "--recipient")
    elif request.is_aggregate and not request.columns:
        wrong = ("An aggregate counts by one column of customer_360 at least", "--column")
    elif request.out.exists() and request.key is None:
        wrong = ("There is a file of that name already", str(request.out))
    if wrong:
        raise CercleError(wrong[0], where=wrong[1], exit_code=EXIT_USAGE)


def _refuse_unknown_codes(connection: psycopg.Connection, request: ExportRequest) -> None:
    for vocabulary, code in (("channel", request.channel), ("purpose", request.purpose)):
        rows = connection.execute(
            "select code from privacy.vocabularies where vocabulary = %s order by code", (vocabulary,)
        ).fetchall()
        if (code,) not in rows:
            raise CercleError(
                f"There is no {vocabulary} {code!r}",
                where=f"--{vocabulary}",
                remedy=f"It is one of {', '.join(known for (known,) in rows)}",
                exit_code=EXIT_USAGE,
            )


def _pass_columns(connection: psycopg.Connection, columns: tuple[str, ...]) -> list[str]:
    """Return the columns of customer_360 that may leave beside a contact point: those that are not personal."""
    rows = connection.execute(
        "select column_name from ops.mart_columns where relation = 'customer_360' and not 'personal' = any(tags)"
    ).fetchall()
    known = {name for (name,) in rows} - {"customer_id"}
    unknown = [name for name in columns if name not in known]
    if unknown:
        raise CercleError(
            f"Not a column that may leave: {', '.join(unknown)}",
            where="--column",
            remedy="It is a column of customer_360 that is not personal",
            exit_code=EXIT_USAGE,
        )
    return list(dict.fromkeys(columns))


def _repeated(connection: psycopg.Connection, request: ExportRequest) -> ExportReport | None:
    """Return what an earlier export with the same key did, its file put in place if a kill had hindered that."""
    if request.key is None:
        return None
    row = connection.execute(
        """
        select export_id, exported_at, ledger_position, line_count, allowed_count, without_contact_point_count,
            file_sha256
        from privacy.exports
        where export_key = %s and not is_blocked
        """,
        (request.key,),
    ).fetchone()
    if row is None:
        return None
    export_id, exported_at, position, lines, allowed, without, sha256 = row
    ExportFile(request.out, request.format, request.key).recover(sha256)
    reasons = connection.execute(
        "select reason, count(*) from privacy.decisions where export_id = %s group by reason order by reason",
        (export_id,),
    ).fetchall()
    customers = connection.execute(
        "select count(distinct person_id) from privacy.decisions where export_id = %s", (export_id,)
    ).fetchone()
    return ExportReport(
        export_id,
        exported_at,
        position,
        (customers[0] if customers else 0) + without,
        lines,
        allowed,
        without,
        dict(reasons),
        request.out,
        sha256,
        is_repeated=True,
    )


def _keep_back(
    connection: psycopg.Connection,
    request: ExportRequest,
    segment: Segment,
    moment: datetime,
    blocks: list[Block],
    is_dry_run: bool,
) -> None:
    """Record that nothing left, and say why."""
    if not is_dry_run:
        _keep(
            connection,
            {
                **_record(request, segment, moment),
                "is_blocked": True,
                "blocks": [block.code for block in blocks],
                "blocked_reason": blocks[0].sentence,
            },
        )
    connection.commit()
    raise CercleError(
        "Nothing left: " + "; ".join(f"{block.sentence} ({block.code})" for block in blocks),
        where="the export gate",
        remedy="Run `cercle run`; where it is the chain, `cercle privacy verify-chain` shows the place",
        exit_code=EXIT_DIFFERENCE,
    )


def _question(request: ExportRequest, moment: datetime) -> dict[str, object]:
    return {
        "channel": request.channel,
        "purpose": request.purpose,
        "recipient": request.recipient,
        "controller": request.controller,
        "product_family": request.product_family,
        "jurisdiction": request.jurisdiction,
        "exported_at": moment,
    }


def _record(request: ExportRequest, segment: Segment, moment: datetime) -> dict[str, Any]:
    return {
        **_question(request, moment),
        "segment": segment.label,
        "export_key": request.key,
        "is_aggregate": request.is_aggregate,
        "extra_columns": list(request.columns),
        "file_format": request.format,
        "file_name": request.out.name,
        "ledger_position": None,
        "is_blocked": False,
        "blocks": [],
        "blocked_reason": None,
        "line_count": 0,
        "allowed_count": 0,
        "without_contact_point_count": 0,
        "file_sha256": None,
    }


def _keep(connection: psycopg.Connection, record: dict[str, Any]) -> int:
    row = connection.execute(export_sql.KEEP_EXPORT, record).fetchone()
    assert row is not None
    return int(row[0])


def _position(connection: psycopg.Connection) -> int | None:
    row = connection.execute(
        "select max(position) from privacy.consent_events where ledger = 'main'"
    ).fetchone()
    return row[0] if row else None
