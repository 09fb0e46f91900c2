"""SQL of a load: from text as it came to typed rows, each rule of the contract once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from cercle.contracts import Column, Entity
from cercle.load.rows import Field
from cercle.load.rules import Rules, identifier, literal

__all__ = ["INCOMING", "NOT_SUPPRESSED", "Statements", "row_hash"]

INCOMING = "pg_temp.cercle_incoming"
NOT_SUPPRESSED = (
    "not exists (select from pg_temp.cercle_suppressed as kept_out where kept_out._tid = prepared._tid)"
)


class Statements:
    """Statements for one file.

    The rows go through three queries, each fenced by `offset 0` so that nothing is computed twice: prepared (blanks
    and French spellings out of what is no text), typed (failing rows left out, the others cast), hashed.

    Hopeful statements take it that every row is in order, new, and needs no preparing, as most files' are: they cost
    half as much, and the first row that is not so makes them fail. The careful ones then begin again.
    """

    def __init__(
        self,
        entity: Entity,
        fields: Sequence[Field],
        longest: int,
        server_version: int,
        is_hopeful: bool = False,
        now: datetime | None = None,
    ) -> None:
        """Build for what a reader found.

        Args:
            entity: of the contract.
            fields: behind the line in each incoming row.
            longest: characters of the longest row.
            server_version: as libpq has it, 160000 for PostgreSQL 16.
            is_hopeful: fail at the first row that is not in order, or not new.
            now: the loader's clock, against which dates of the future are told.
        """
        self.entity = entity
        self.fields = fields
        self._is_hopeful = is_hopeful
        self._place = {field.column.name: f"f{i}" for i, field in enumerate(fields) if field.column}
        self.present = [column for column in entity.columns if column.name in self._place]
        self.money = [column for column in entity.money_columns if column.name in self._place]
        self._rules = Rules(longest, server_version, now or datetime.now(UTC), is_hopeful)
        self.failures = [failure for column in self.present for failure in self._rules.failures(column)]
        self.failures.append(self._rules.extra_failure())

    # --- incoming: text ---

    @property
    def payload(self) -> str:
        """The row as JSON, for formats whose rows cannot be read again."""
        names = [field.column.name if field.column else field.extra_name or "_extra" for field in self.fields]
        return f"({self._object(names, [f'f{i}' for i in range(len(names))])})::text"

    @staticmethod
    def _object(names: Sequence[str], values: Sequence[str]) -> str:
        keys = ", ".join(literal(name) for name in names)
        return (
            "select jsonb_object_agg(pair.name, pair.value) "
            f"from unnest(array[{keys}]::text[], array[{', '.join(values)}]::text[]) as pair (name, value) "
            "where pair.value is not null"
        )

    def incoming_column(self, name: str) -> str:
        """Return where a column of the contract stands in an incoming row."""
        return self._place[name]

    # --- prepared: text, ready to be cast ---

    @property
    def prepared(self) -> str:
        """Rows with every column of the contract that the file has, as text that can be cast."""
        columns = [f"{self._prepare(column)} as {identifier(column.name)}" for column in self.present]
        everything = ", ".join(["ctid as _tid", *columns, f"{self._extra} as _extra"])
        return f"select _line, {everything} from {INCOMING} as incoming"

    def _prepare(self, column: Column) -> str:
        value = self._place[column.name]
        is_plain = column.decimal_separator == "." and column.date_order == "ymd"
        if column.data_type == "text" or (self._is_hopeful and is_plain):
            return value
        if column.data_type == "bigint":
            whole = f"regexp_replace({value}, '\\.0+\\s*$', '')"
            return f"case when {value} like '%.%' then {whole} else btrim({value}) end"
        if column.data_type == "numeric" and column.decimal_separator == ",":
            return rf"translate({value}, E',. \u00a0\u202f', '.')"
        if column.data_type in ("date", "timestamptz"):
            return self._prepare_date(column, value)
        return f"btrim({value})"

    def _prepare_date(self, column: Column, value: str) -> str:
        text = f"btrim({value})"
        if column.date_order != "ymd":
            order = r"\3-\2-\1" if column.date_order == "dmy" else r"\3-\1-\2"
            text = f"regexp_replace({text}, '^(\\d\\d)[/.-](\\d\\d)[/.-](\\d{{4}})', '{order}')"
        if column.data_type == "date":  # a midnight behind it is what other programs make of a date
            midnight = "'[T ]00:00(:00(\\.0+)?)?Z?$'"
            text = (
                f"case when length({value}) > 10 then regexp_replace({text}, {midnight}, '') else {text} end"
            )
        return text

    @property
    def _extra(self) -> str:
        unknown = {i: field.extra_name for i, field in enumerate(self.fields) if field.column is None}
        if not unknown:
            return "null::text"
        ready = next((i for i, name in unknown.items() if name is None), None)
        if ready is not None:
            return f"f{ready}"
        return (
            f"({self._object([name or '' for name in unknown.values()], [f'f{i}' for i in unknown])})::text"
        )

    # --- failures ---

    @property
    def failure(self) -> str:
        """Number of the first failure of a prepared row, null where there is none."""
        cases = " ".join(f"when {failure.condition} then {i}" for i, failure in enumerate(self.failures))
        return f"case {cases} end"

    # --- sums of money ---

    def sums(self, source: str = "") -> str:
        """Sums of the amounts, as a JSON object of decimal texts."""
        if not self.money:
            return "'{}'::jsonb"
        pairs = ", ".join(
            f"{literal(column.name)}, trim_scale(coalesce(sum({source}{identifier(column.name)}), 0))::text"
            for column in self.money
        )
        return f"jsonb_build_object({pairs})"

    @property
    def readable_amounts(self) -> str:
        """The amounts of a prepared row, each under its column's name, with a comma before."""
        return "".join(
            f", {self._rules.readable(column)} as {identifier(column.name)}" for column in self.money
        )

    def readable_moment(self, column: Column) -> str:
        """A time of a prepared row, null where it cannot be read."""
        return self._rules.readable_moment(column)

    @property
    def totals(self) -> str:
        """Count the incoming rows, and sum their readable amounts."""
        amounts = f"select true{self.readable_amounts} from ({self.prepared}{self._fence}) as prepared"
        return f"select count(*), {self.sums()} from ({amounts}) as amounts"

    # --- typed and hashed ---

    @property
    def _fence(self) -> str:
        """Keeps what was prepared from being prepared again in every condition."""
        return "" if self._is_hopeful else " offset 0"

    def hashed(self, has_suppressed: bool) -> str:
        """Rows that are in order, typed, with _row_hash and _occurrence.

        Args:
            has_suppressed: some rows are kept out by a tombstone.
        """
        columns = ", ".join(self._cast(column) for column in self.present)
        if self._is_hopeful:  # a row that fails divides by nought
            failing = " or ".join(f"({failure.condition})" for failure in self.failures)
            kept = f"case when {failing} then 1 / (_line * 0) else 1 end = 1"
        else:
            kept = f"({self.failure}) is null"
        if has_suppressed:
            kept += f" and {NOT_SUPPRESSED}"
        typed = (
            f"select _line, {columns}, _extra::jsonb from ({self.prepared}{self._fence}) as prepared "
            f"where {kept} offset 0"
        )
        hashed = f"select typed.*, {row_hash(self.present)} as _row_hash from ({typed}) as typed"
        if self.entity.is_keyed:
            return f"select hashed.*, 0 as _occurrence from ({hashed} offset 0) as hashed"
        occurrence = "(row_number() over (partition by _row_hash order by _line) - 1)::integer"
        return f"select hashed.*, {occurrence} as _occurrence from ({hashed} offset 0) as hashed"

    def _cast(self, column: Column) -> str:
        name = identifier(column.name)
        return name if column.data_type == "text" else f"{name}::{column.data_type} as {name}"

    @property
    def raw_table(self) -> str:
        """The raw table's quoted name."""
        return identifier("raw", self.entity.relation)

    def insert(self, source: str, load_id: int, started_at: datetime, has_suppressed: bool = False) -> str:
        """Insert what is new; answers count and sums of what was stored.

        The values stand in the text: patterns in it hold percent signs, which parameters would not let pass.

        Args:
            source: source instance.
            load_id: of the load.
            started_at: when it began.
            has_suppressed: some rows are kept out by a tombstone.
        """
        names = ", ".join(identifier(column.name) for column in self.present)
        amounts = ", ".join(["_line", *(identifier(column.name) for column in self.money)])
        moment = f"{literal(started_at.isoformat())}::timestamptz"
        conflict = "" if self._is_hopeful else "on conflict do nothing"
        return (
            f"with inserted as (insert into {self.raw_table} "
            f"({names}, _source, _load_id, _line, _row_hash, _occurrence, _extra, _loaded_at) "
            f"select {names}, {literal(source)}, {load_id}, _line, _row_hash, _occurrence, _extra, {moment} "
            f"from ({self.hashed(has_suppressed)}) as ready {conflict} returning {amounts}) "
            f"select count(*), {self.sums()} from inserted"
        )

    def stored(self, load_id: int) -> str:
        """Count what raw holds for a load, and sum its amounts."""
        return f"select count(*), {self.sums()} from {self.raw_table} where _load_id = {load_id}"


def row_hash(columns: Iterable[Column]) -> str:
    """Return SQL of the hash of a typed row: md5 over column=value of what is not null.

    A column that is added and empty changes no hash.

    Args:
        columns: of the contract, in its order.
    """
    parts = [f"{literal(f'{column.name}=')} || {_canonical(column)}" for column in columns]
    parts.append("'_extra=' || _extra::text")
    return f"md5(concat_ws(chr(31), {', '.join(parts)}))::uuid"


def _canonical(column: Column) -> str:
    """A typed value as one text, however the file wrote it: 1.50 and 1.5, +02:00 and Z."""
    name = identifier(column.name)
    if column.data_type == "text":
        return name
    if column.data_type == "numeric":
        return f"trim_scale({name})::text"
    return f"({name} at time zone 'UTC')::text" if column.data_type == "timestamptz" else f"{name}::text"
