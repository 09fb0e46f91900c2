"""The distinct values of a load's vetted rows, by type: gathered while they pass, not read again from raw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["DistinctValues"]

_MOST = 16 << 20  # bytes of one type


class DistinctValues:
    """Distinct values by type; one whose values fill the memory is given up."""

    def __init__(self, columns: Mapping[str, Sequence[str]]) -> None:
        """Begin with none.

        Args:
            columns: type of value -> columns of the record batches that hold such values.
        """
        self._columns = columns
        self._found: dict[str, list[pa.StringArray]] = {value_type: [] for value_type in columns}
        self._sizes = dict.fromkeys(columns, 0)

    def add(self, rows: pa.RecordBatch) -> None:
        """Take the values of some rows."""
        for value_type in list(self._found):
            values = [pc.unique(rows[name]) for name in self._columns[value_type]]
            self._found[value_type] += values
            self._sizes[value_type] += sum(found.nbytes for found in values)
            if self._sizes[value_type] > _MOST:
                self._thin_out(value_type)

    def _thin_out(self, value_type: str) -> None:
        values = pc.unique(pa.concat_arrays(self._found[value_type]))
        if values.nbytes > _MOST // 2:
            del self._found[value_type], self._sizes[value_type]
        else:
            self._found[value_type], self._sizes[value_type] = [values], values.nbytes

    def of(self, value_type: str) -> Iterator[str] | None:
        """Return the distinct values of a type; None where they were given up."""
        if value_type not in self._found:
            return None
        found = self._found[value_type]
        if not found:
            return iter(())
        values: list[str] = pc.drop_null(pc.unique(pa.concat_arrays(found))).to_pylist()
        return iter(values)
