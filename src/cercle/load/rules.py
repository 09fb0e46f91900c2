"""The rules of a contract as SQL conditions over text: which rows fail, and why.

PostgreSQL's own input functions judge (pg_input_is_valid). What they read beyond a type's plain form is refused: now,
infinity, NaN, 0x1F, 1_000, 01/02/2025, dates before Christ. The conditions use comparisons and LIKE where a regular
expression would cost four times as much; texts are compared by code point, whatever the database's collation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from cercle.contracts import Column
from cercle.load.result import REASONS

__all__ = [
    "LONG_NUMBERS",
    "TRUTHS",
    "Failure",
    "Rules",
    "identifier",
    "last_moment",
    "limit_of",
    "literal",
]

LONGEST_VALUE = 1 << 20  # bytes
LONGEST_IDENTIFIER = 1000
LONGEST_KEY = 500  # a B-tree entry must stay below 2,700 bytes
_BLANKS = r"E' \t\r\n\u00a0\u202f\u200b'"
TRUTHS = ("true", "false", "t", "f", "yes", "no", "y", "n", "on", "off", "1", "0")  # true and false by turns
_FORMS = {"ymd": "2025-12-31", "dmy": "31/12/2025", "mdy": "12/31/2025"}
_CODES = {
    "bigint": "bad_integer",
    "numeric": "bad_number",
    "boolean": "bad_boolean",
    "jsonb": "bad_json_value",
}
_FREE_TYPES = ("free_text", "consent_proof")
LONG_NUMBERS = ("order_id", "phone", "loyalty_id", "customer_ref", "account_ref")


@dataclass(frozen=True)
class Failure:
    """Why a row is rejected.

    Attributes:
        code: one of result.REASONS.
        column: of the contract.
        reason: the sentence.
        condition: SQL over the prepared columns, true where the row fails.
    """

    code: str
    column: str
    reason: str
    condition: str


def identifier(*names: str) -> str:
    """Return a quoted SQL name."""
    return sql.Identifier(*names).as_string(None)


def literal(value: str) -> str:
    """Return a quoted SQL text."""
    return sql.Literal(value).as_string(None).strip()


class Rules:
    """Conditions for the columns of a contract."""

    def __init__(self, longest: int, server_version: int, now: datetime, is_hopeful: bool = False) -> None:
        """Set what the conditions depend on.

        Args:
            longest: characters of the longest row; lengths that it cannot exceed are not checked.
            server_version: as libpq has it, 160000 for PostgreSQL 16.
            now: the loader's clock, against which dates of the future are told.
            is_hopeful: leave to the cast what the cast finds; one bad row then ends the statement.
        """
        self._longest = longest
        self._is_valid = "pg_input_is_valid" if server_version >= 160000 else "ops.is_valid"
        self._now = now
        self._is_hopeful = is_hopeful

    def failures(self, column: Column) -> list[Failure]:
        """Return the ways in which a column can fail, in the order in which they are looked at."""
        value = identifier(column.name)
        checks: list[tuple[str, str, str]] = []  # code, condition, detail
        if column.is_required:
            blank = f"{value} is null"
            if column.data_type == "text":  # only what begins with a blank can be blank
                begins = f"""{value} collate "C" not between '!' and '~'"""
                blank += f" or ({begins} and btrim({value}, {_BLANKS}) = '')"
            checks.append(("missing_value", blank, ""))
        limit = limit_of(column)
        if self._longest * 4 > limit:  # a character has at most four bytes
            checks.append(("value_too_long", f"octet_length({value}) > {limit}", f"{limit:,}"))
        checks += self._type_checks(column, value)
        if column.accepted_values:
            accepted = ", ".join(literal(accepted) for accepted in column.accepted_values)
            checks.append(("not_accepted", f"{value} not in ({accepted})", ", ".join(column.accepted_values)))
        return [
            Failure(code, column.name, REASONS[code].format(column=column.name, detail=detail), condition)
            for code, condition, detail in checks
        ]

    def extra_failure(self) -> Failure:
        """Return the way in which `_extra` can fail: a NUL, which JSON may name and PostgreSQL cannot keep."""
        reason = REASONS["bad_json_value"].format(column="_extra")
        condition = f"_extra like '%\\\\u0000%' and not {self._is_valid}(_extra, 'jsonb')"
        return Failure("bad_json_value", "_extra", reason, condition)

    def readable(self, column: Column) -> str:
        """Return an amount of a prepared row as a number, null where it is none."""
        value = identifier(column.name)
        if self._is_hopeful:
            return f"{value}::numeric"
        return f"case when {self._bad_number(value, 'numeric')} then null else {value}::numeric end"

    def readable_moment(self, column: Column) -> str:
        """Return a time of a prepared row, null where it is none."""
        value = identifier(column.name)
        bad = " or ".join(f"({condition})" for _, condition, _ in self._type_checks(column, value))
        return f"case when {bad} then null else {value}::timestamptz end"

    def _type_checks(self, column: Column, value: str) -> list[tuple[str, str, str]]:
        """Code, condition and detail of what a column's type refuses."""
        if column.data_type in ("date", "timestamptz"):
            return self._moment_checks(column, value)
        condition = {
            "bigint": lambda: self._bad_number(value, "bigint"),
            "numeric": lambda: self._bad_number(value, "numeric"),
            "boolean": lambda: f"lower({value}) not in {TRUTHS}",
            "jsonb": lambda: self._not_valid(value, "jsonb", "true"),
        }.get(column.data_type)
        if condition is not None:
            return [(_CODES[column.data_type], condition(), "")]
        if column.key_position is not None or column.semantic_type in LONG_NUMBERS:
            ruined = rf"{value} like '%E+%' and {value} ~ '^\d[.,]\d+E\+\d\d$'"
            return [("spreadsheet_number", ruined, "")]
        return []

    def _moment_checks(self, column: Column, value: str) -> list[tuple[str, str, str]]:
        form = _FORMS[column.date_order]
        outside = f"""{value} collate "C" not between '1900' and '{last_moment(column, self._now)}'"""
        if column.data_type == "date":
            bad = self._not_valid(value, "date", f"({value} like '____-__-__')")
            shown = "today" if column.semantic_type == "birth_date" else "10 years ahead"
            return [("bad_date", bad, form), ("date_out_of_range", outside, shown)]
        plain = f"({value} like '____-__-__%' and {value} not like '%B%' and {value} not like '%b%')"
        bad = self._not_valid(value, "timestamptz", plain)
        return [("bad_timestamp", bad, f"{form}T13:45:00+01:00"), ("timestamp_out_of_range", outside, "")]

    def _bad_number(self, value: str, data_type: str) -> str:
        """Digits, a sign, a point, an exponent of two digits; no words, no other bases, no underscores."""
        plain = (
            f"(octet_length({value}) <= 60 and (ltrim({value}, '0123456789+-.') = '' "
            rf"or {value} ~ '^[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d{{1,2}}$'))"
        )
        return self._not_valid(value, data_type, plain)

    def _not_valid(self, value: str, data_type: str, plain: str) -> str:
        if self._is_hopeful:
            return f"not {plain}"
        return f"{value} is not null and not ({plain} and {self._is_valid}({value}, '{data_type}'))"


def last_moment(column: Column, now: datetime) -> str:
    """Return the last date or time that a column may hold, as text in ISO 8601; the first is the year 1900.

    Args:
        column: a date or a time.
        now: the loader's clock.
    """
    if column.semantic_type == "birth_date":
        return f"{now:%Y-%m-%d}"
    last_day = f"{now.year + 10}-12-31"
    return last_day if column.data_type == "date" else f"{last_day}Z"


def limit_of(column: Column) -> int:
    """Return the most bytes that a value of a column may have."""
    if column.key_position is not None:
        return LONGEST_KEY
    is_free = column.semantic_type is None or column.semantic_type in _FREE_TYPES
    return LONGEST_VALUE if is_free else LONGEST_IDENTIFIER
