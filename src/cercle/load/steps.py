"""The steps of one load, in its transaction: read, keep out, store, reject, know, replace, record, normalise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.types.json import Jsonb

from cercle.errors import EXIT_INTERNAL, CercleError
from cercle.load.delivery import Delivery
from cercle.load.intake import EXACT, Intake, take_in
from cercle.load.known import move_rows, note_known_rows
from cercle.load.partitions import replace_partitions
from cercle.load.raw_tables import ensure_raw_tables
from cercle.load.rejects import reject_failing, write_unreadable
from cercle.load.result import LoadResult, Unreadable
from cercle.load.rows import RowReader
from cercle.load.statements import INCOMING, Statements
from cercle.load.suppress import REASON, Suppression
from cercle.load.values import add_normalised_values
from cercle.settings import Settings

if TYPE_CHECKING:
    from cercle.load.vetting import Vetting

__all__ = ["Load"]

_ANALYSE_FROM = 5_000  # rows: below, autovacuum's own time will do
_PARTS = ("stored", "known", "rejected", "suppressed")

Sums = Mapping[str, str]


@dataclass(frozen=True)
class _Tally:
    """What became of the rows.

    Attributes:
        counts: state -> rows.
        sums: state, and read -> amount -> sum.
        taken_count: of the known rows, those that a quarantined or withdrawn load holds.
    """

    counts: Mapping[str, int]
    sums: Mapping[str, Sums]
    taken_count: int = 0

    def plus(self, other: _Tally) -> _Tally:
        """Return both together."""
        states = {*self.counts, *other.counts, *self.sums, *other.sums}
        return _Tally(
            {state: self.counts.get(state, 0) + other.counts.get(state, 0) for state in states},
            {state: _added(self.sums.get(state, {}), other.sums.get(state, {})) for state in states},
            self.taken_count + other.taken_count,
        )


def _added(one: Sums, other: Sums) -> Sums:
    with localcontext(prec=EXACT):
        return _trimmed(
            {name: Decimal(one.get(name, "0")) + Decimal(other.get(name, "0")) for name in {*one, *other}}
        )


def _trimmed(sums: Mapping[str, Decimal]) -> Sums:
    """As PostgreSQL's trim_scale writes them."""
    with localcontext(prec=EXACT):
        return {name: f"{amount.normalize():f}" for name, amount in sums.items()}


class _UnnumberedError(Exception):
    """Rows without a key went two ways, so that identical ones cannot be numbered."""


class Load:
    """One load. Its caller holds the transaction, and rolls it back when anything is raised."""

    def __init__(
        self,
        connection: psycopg.Connection,
        delivery: Delivery,
        settings: Settings,
        on_rows: Callable[[int], None] | None = None,
    ) -> None:
        """Prepare; nothing is touched yet.

        Args:
            connection: in a transaction.
            delivery: the file.
            settings: with the secret of pseudonyms.
            on_rows: called now and then with the number of further rows read.
        """
        self._connection = connection
        self._delivery = delivery
        self._entity = delivery.entity
        self._source = delivery.source
        self._settings = settings
        self._on_rows = on_rows or (lambda count: None)
        self._load_id = 0
        self._vetting: Vetting | None = None
        self._layout: dict[str, str | None] = {}
        self._intake = Intake()
        self._unreadable_erased_count = 0

    def run(self) -> LoadResult:
        """Load the file.

        Raises:
            FileRefusedError: not one row of it can be taken.
        """
        ensure_raw_tables(self._connection, [self._source.plugin.contract])
        self._set_session()
        earlier = self._earlier_load()
        if earlier is not None:
            return self._result("skipped", load_id=earlier, message="The same bytes were loaded before.")
        self._load_id = self._delivery.insert_load(self._connection, "loaded")
        self._suppression = Suppression.load(self._connection, self._settings, self._source)
        return self._load_vetted() or self._load(is_vetted=False)

    def _load_vetted(self) -> LoadResult | None:
        """Load with vetting; None, and nothing stored, where raw has one of the vetted rows already."""
        if self._suppression:  # each identifier must be looked at
            return None
        try:
            with self._connection.transaction():
                return self._load(is_vetted=True)
        except (psycopg.DataError, psycopg.errors.UniqueViolation, _UnnumberedError):
            return None

    def _load(self, *, is_vetted: bool) -> LoadResult:
        self._unreadable_erased_count = 0
        with self._delivery.reader() as reader:
            self._vetting = self._new_vetting(reader) if is_vetted else None
            self._intake = take_in(self._connection, reader, self._vetting, self._put_aside, self._on_rows)
            reader.finish()
            shape = (self._entity, reader.fields, reader.longest, self._connection.info.server_version)
            self._layout = {"row_format": reader.row_format, "header": reader.header}
            extra_columns = tuple(sorted(reader.extra_columns))
        careful = Statements(*shape)
        vetted = self._vetted(careful)
        if self._intake.parsed_count > self._intake.vetted_count or self._intake.unreadable_count:
            rest = self._store_hopefully(Statements(*shape, is_hopeful=True)) or self._store(careful)
            vetted = vetted.plus(rest)
        return self._conclude(careful, vetted, extra_columns)

    def _set_session(self) -> None:
        """Keep other loads off the raw table; times without a zone are the source's."""
        self._connection.execute(
            """
            select
                pg_advisory_xact_lock(hashtextextended(%s, 0)),
                set_config('timezone', %s, true),
                set_config('datestyle', 'ISO, YMD', true),
                set_config('work_mem', '64MB', true)
            """,
            (f"cercle:load:{self._entity.raw_relation}", self._source.time_zone),
        )

    def _earlier_load(self) -> int | None:
        row = self._connection.execute(
            """
            select load_id
            from ops.loads
            where source = %s and entity = %s and file_sha256 = %s and state not in ('refused', 'withdrawn')
            """,
            (self._source.name, self._entity.name, self._delivery.sha256),
        ).fetchone()
        return row[0] if row else None

    # --- reading ------------------------------------------------------------------------------------------

    def _new_vetting(self, reader: RowReader) -> Vetting:
        from cercle.load.vetting import Vetting  # pyarrow: only where a file is loaded

        constants = (self._source.name, self._load_id, self._delivery.started_at)
        return Vetting(self._entity, reader.fields, reader.delimiter, constants, datetime.now(UTC))

    def _vetted(self, statements: Statements) -> _Tally:
        """Count what stands in raw already; it must be what was sent there."""
        intake = self._intake
        if intake.arrived_count != intake.vetted_count:
            raise self._imbalance(f"{intake.vetted_count} rows were sent, {intake.arrived_count} arrived")
        if intake.vetted_count and not self._entity.is_keyed and intake.vetted_count < intake.parsed_count:
            raise _UnnumberedError
        sums: Mapping[str, Sums] = {}
        if intake.vetted_count and statements.money:
            _, stored_sums = self._answer(statements.stored(self._load_id))
            sums = {"read": _trimmed(intake.vetted_sums), "stored": stored_sums}
        return _Tally({"stored": intake.vetted_count}, sums)

    def _put_aside(self, rows: list[Unreadable]) -> None:
        """Keep rows that cannot be read; those that name an erased person are just counted."""
        erased = [row for row in rows if self._suppression.mentions(row.payload)] if self._suppression else []
        kept = [row for row in rows if row not in erased] if erased else rows
        if kept:
            write_unreadable(self._connection, self._load_id, kept)
        for row in erased:
            self._connection.execute(
                "insert into ops.suppressed_rows values (%s, %s, %s) on conflict do nothing",
                (self._load_id, row.line, REASON),
            )
        self._unreadable_erased_count += len(erased)

    # --- storing ------------------------------------------------------------------------------------------

    def _store_hopefully(self, hopeful: Statements) -> _Tally | None:
        """Store the file as if every row of it were in order and new; None, and nothing stored, where one is not."""
        if self._intake.unreadable_count or self._suppression:
            return None
        try:
            with self._connection.transaction():
                read_count, read_sums = self._answer(hopeful.totals)
                self._check_arrived(read_count)
                insert = hopeful.insert(self._source.name, self._load_id, self._delivery.started_at)
                stored_count, stored_sums = self._answer(insert)
        except (psycopg.DataError, psycopg.errors.UniqueViolation):
            return None
        return _Tally({"stored": stored_count}, {"read": read_sums, "stored": stored_sums})

    def _store(self, careful: Statements) -> _Tally:
        """Store what is in order and new; find out about each other row why it is not."""
        connection, load_id, source = self._connection, self._load_id, self._source
        connection.execute(f"analyze {INCOMING}")
        self._suppression.clear_references(connection, careful)
        read_count, read_sums = self._answer(careful.totals)
        self._check_arrived(read_count)
        suppressed_count, suppressed_sums = self._suppression.suppress(connection, careful, load_id)
        has_suppressed = suppressed_count > 0
        insert = careful.insert(source.name, load_id, self._delivery.started_at, has_suppressed)
        stored_count, stored_sums = self._answer(insert)
        left = read_count - suppressed_count - stored_count
        failing_count, failing_sums = self._reject(careful, has_suppressed) if left else (0, {})
        left -= failing_count
        known_count, taken_count, known_sums = (
            note_known_rows(connection, careful, source.name, load_id, has_suppressed) if left else (0, 0, {})
        )
        if known_count != left:
            raise self._imbalance(f"{left} rows were not stored, and {known_count} were known")
        counts = {
            "stored": stored_count,
            "known": known_count,
            "rejected": failing_count + self._intake.unreadable_count - self._unreadable_erased_count,
            "suppressed": suppressed_count + self._unreadable_erased_count,
        }
        sums = {
            "read": read_sums,
            "stored": stored_sums,
            "known": known_sums,
            "rejected": failing_sums,
            "suppressed": suppressed_sums,
        }
        return _Tally(counts, sums, taken_count)

    def _check_arrived(self, read_count: int) -> None:
        sent_count = self._intake.parsed_count - self._intake.vetted_count
        if read_count != sent_count:
            raise self._imbalance(f"{sent_count} rows were sent, {read_count} arrived")

    def _answer(self, query: str) -> tuple[int, Sums]:
        row = self._connection.execute(query).fetchone()
        assert row is not None
        return row[0], row[1]

    def _reject(self, statements: Statements, has_suppressed: bool) -> tuple[int, Sums]:
        again = self._delivery.reader if self._delivery.has_lines else None
        return reject_failing(self._connection, statements, self._load_id, has_suppressed, again)

    # --- recording ----------------------------------------------------------------------------------------

    def _conclude(self, statements: Statements, tally: _Tally, extra_columns: tuple[str, ...]) -> LoadResult:
        """Write the counts and sums, pass rows on, normalise what is new."""
        connection, load_id, source = self._connection, self._load_id, self._source
        counts = {part: tally.counts.get(part, 0) for part in _PARTS}
        replaced_count = replace_partitions(connection, self._entity, source.name, load_id)
        self._record(counts, self._balanced(tally.sums), replaced_count, extra_columns)
        if tally.taken_count:
            amounts = [column.name for column in self._entity.money_columns]
            move_rows(connection, self._entity.raw_relation, amounts)
            counts["stored"] += tally.taken_count
            counts["known"] -= tally.taken_count
        values = self._vetting.values if self._vetting else None
        key = self._settings.current_hmac_key()
        add_normalised_values(connection, source, self._entity, load_id, key, values)
        connection.execute(f"drop table {INCOMING}")
        if counts["stored"] >= _ANALYSE_FROM:
            connection.execute(f"analyze {statements.raw_table}")
        return self._loaded(counts, replaced_count, extra_columns)

    def _balanced(self, sums: Mapping[str, Sums]) -> dict[str, dict[str, str]]:
        """Turn the sums around: amount -> state -> sum. What was read must be what the states hold."""
        balanced: dict[str, dict[str, str]] = {}
        for column in self._entity.money_columns:
            amounts = {state: sums.get(state, {}).get(column.name, "0") for state in ("read", *_PARTS)}
            if Decimal(amounts["read"]) != sum(Decimal(amounts[state]) for state in _PARTS):
                raise self._imbalance(f"the sums of {column.name} differ")
            balanced[column.name] = amounts
        return balanced

    def _imbalance(self, what: str) -> CercleError:
        return CercleError(
            f"The rows of the file do not add up: {what}; nothing was stored",
            where=f"{self._source.name} {self._entity.name} {self._delivery.file_name}",
            remedy="This is a defect of cercle; please report it",
            exit_code=EXIT_INTERNAL,
        )

    def _record(
        self,
        counts: Mapping[str, int],
        sums: Mapping[str, Mapping[str, str]],
        replaced_count: int,
        extra_columns: tuple[str, ...],
    ) -> None:
        self._connection.execute(
            """
            update ops.loads
            set
                read_count = %(read)s,
                stored_count = %(stored)s,
                known_count = %(known)s,
                rejected_count = %(rejected)s,
                suppressed_count = %(suppressed)s,
                replaced_count = %(replaced)s,
                extra_columns = %(extra_columns)s,
                row_format = %(row_format)s,
                header = %(header)s,
                sums = %(sums)s,
                loaded_at = clock_timestamp(),
                duration_seconds = extract(epoch from clock_timestamp() - started_at)
            where load_id = %(load_id)s
            """,
            {
                **counts,
                **self._layout,
                "read": self._intake.parsed_count + self._intake.unreadable_count,
                "replaced": replaced_count,
                "extra_columns": list(extra_columns),
                "sums": Jsonb(sums),
                "load_id": self._load_id,
            },
        )

    # --- the report ---------------------------------------------------------------------------------------

    def _loaded(
        self, counts: Mapping[str, int], replaced_count: int, extra_columns: tuple[str, ...]
    ) -> LoadResult:
        rows = self._connection.execute(
            "select reason_code, count(*) from ops.rejected_rows where load_id = %s group by 1 order by 2 desc, 1",
            (self._load_id,),
        ).fetchall()
        warning = f"Columns that the contract does not know went to _extra: {', '.join(extra_columns)}."
        return self._result(
            "loaded",
            load_id=self._load_id,
            read_count=self._intake.parsed_count + self._intake.unreadable_count,
            stored_count=counts["stored"],
            known_count=counts["known"],
            rejected_count=counts["rejected"],
            suppressed_count=counts["suppressed"],
            replaced_count=replaced_count,
            reasons=dict(rows),
            extra_columns=extra_columns,
            message=warning if extra_columns else "",
        )

    def _result(self, state: str, **values: Any) -> LoadResult:
        return LoadResult(state, self._source.name, self._entity.name, self._delivery.file_name, **values)
