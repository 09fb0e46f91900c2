"""A table of the made-up world: compact columns that become text only for the rows that are being written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from cercle.simulate.clock import NULL_TIME, Ints, iso

__all__ = [
    "NULL_INT",
    "Bools",
    "Column",
    "Computed",
    "Constant",
    "Dates",
    "Identifiers",
    "Integers",
    "Numbers",
    "Pool",
    "Table",
    "Texts",
    "Times",
]

NULL_INT = np.iinfo(np.int64).min
Kind = Literal["text", "integer", "number", "boolean", "date", "timestamp", "json"]
Array = npt.NDArray[Any]


class Column:
    """A column. `texts` gives the cells as they stand in a CSV, None for an empty one."""

    kind: Kind = "text"

    def texts(self, rows: Ints) -> list[str | None]:
        """Return the cells of these rows."""
        raise NotImplementedError


class Constant(Column):
    """The same value in each row."""

    def __init__(self, value: str | None, kind: Kind = "text") -> None:
        self.value, self.kind = value, kind

    def texts(self, rows: Ints) -> list[str | None]:
        """Return the cells of these rows."""
        return [self.value] * len(rows)


class Pool(Column):
    """Values from a list, by position; a negative position is null."""

    def __init__(self, pool: Sequence[str | None], codes: Array) -> None:
        self.pool = np.array([*pool, None], dtype=object)
        self.codes = codes

    def texts(self, rows: Ints) -> list[str | None]:
        """Return the cells of these rows."""
        codes = self.codes[rows]
        return list(self.pool[np.where(codes < 0, len(self.pool) - 1, codes)])


class Texts(Column):
    """Values that are already text."""

    def __init__(self, values: Array) -> None:
        self.values = values

    def texts(self, rows: Ints) -> list[str | None]:
        """Return the cells of these rows."""
        return list(self.values[rows])


class Computed(Column):
    """Values that a function makes for the rows asked for."""

    def __init__(self, function: Callable[[Ints], list[str | None]], kind: Kind = "text") -> None:
        self.function, self.kind = function, kind

    def texts(self, rows: Ints) -> list[str | None]:
        """Return the cells of these rows."""
        return self.function(rows)


class Identifiers(Column):
    """`prefix` and a number; a negative number is null."""

    def __init__(self, prefix: str, numbers: Array, width: int = 7, suffix: str = "") -> None:
        self.pattern = f"{prefix}%0{width}d{suffix}"
        self.numbers = numbers

    def texts(self, rows: Ints) -> list[str | None]:
        """Return the cells of these rows."""
        pattern = self.pattern
        return [pattern % number if number >= 0 else None for number in self.numbers[rows].tolist()]


class Times(Column):
    """Instants, written with `Z` or with the offset of Paris."""

    kind: Kind = "timestamp"

    def __init__(self, seconds: Array, *, is_paris: bool = False) -> None:
        self.seconds, self.is_paris = seconds, is_paris

    def texts(self, rows: Ints) -> list[str | None]:
        """Return the cells of these rows."""
        return iso(self.seconds[rows], is_paris=self.is_paris)


class Dates(Column):
    """Days since 1970."""

    kind: Kind = "date"

    def __init__(self, days: Array) -> None:
        self.days = days

    def texts(self, rows: Ints) -> list[str | None]:
        """Return the cells of these rows."""
        days = self.days[rows].astype(np.int64)
        is_null = days == NULL_TIME
        texts = np.datetime_as_string(np.where(is_null, 0, days).astype("datetime64[D]")).tolist()
        return [None if null else text for null, text in zip(is_null.tolist(), texts, strict=True)]


class Integers(Column):
    """Whole numbers; NULL_INT is null."""

    kind: Kind = "integer"

    def __init__(self, values: Array) -> None:
        self.values = values

    def texts(self, rows: Ints) -> list[str | None]:
        """Return the cells of these rows."""
        values, place = np.unique(self.values[rows], return_inverse=True)
        words = [None if value == NULL_INT else str(value) for value in values.tolist()]
        return list(np.array(words, dtype=object)[place.reshape(-1)])


class Numbers(Column):
    """Decimal numbers kept as whole hundredths (money, quantities, scores); NULL_INT is null."""

    kind: Kind = "number"

    def __init__(self, hundredths: Array) -> None:
        self.hundredths = hundredths

    def texts(self, rows: Ints) -> list[str | None]:
        """Return the cells of these rows."""
        values, place = np.unique(self.hundredths[rows], return_inverse=True)
        return list(np.array([_decimal(value) for value in values.tolist()], dtype=object)[place.reshape(-1)])


class Bools(Column):
    """True, false, or null below zero."""

    kind: Kind = "boolean"

    def __init__(self, values: Array) -> None:
        self.values = values

    def texts(self, rows: Ints) -> list[str | None]:
        """Return the cells of these rows."""
        return [_BOOLEANS[value] for value in np.sign(self.values[rows].astype(np.int8)).tolist()]


_BOOLEANS: dict[int, str | None] = {1: "true", 0: "false", -1: None}


def _decimal(hundredths: int) -> str | None:
    if hundredths == NULL_INT:
        return None
    whole, rest = divmod(abs(hundredths), 100)
    return f"{'-' if hundredths < 0 else ''}{whole}.{rest:02d}"


@dataclass
class Table:
    """An entity of a source, all rows of the world.

    Attributes:
        source: source instance, which is also the folder below landing/.
        entity: entity of the house format.
        columns: by name, in the order of the contract.
        known_at: when the source could first deliver the row, in seconds; decides file and increment.
        key: names of the key columns.
        version: version column of an upserted entity.
        person: position of the person whom the row is about; -1 for none.
        is_profile: whether the row describes a person.
        links: identifiers that the row carries: kind -> code, -1 for none. The same code is the same identifier.
        flags: boolean facts of the plan per row (name_error, identifier_error, …).
    """

    source: str
    entity: str
    columns: dict[str, Column]
    known_at: Ints
    key: tuple[str, ...]
    version: str | None = None
    person: Array = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    is_profile: Array | bool = False
    links: dict[str, Array] = field(default_factory=dict)
    flags: dict[str, Array] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return source and entity, as a path."""
        return f"{self.source}/{self.entity}"

    def __len__(self) -> int:
        return len(self.known_at)

    def record_keys(self, rows: Ints) -> list[str]:
        """Return `<entity>:<source>:<key>` of these rows, as staging writes it."""
        parts = [self.columns[name].texts(rows) for name in self.key]
        prefix = f"{self.entity}:{self.source}:"
        if len(parts) == 1:
            return [f"{prefix}{key}" for key in parts[0]]
        return [prefix + ":".join(str(part) for part in key) for key in zip(*parts, strict=True)]
