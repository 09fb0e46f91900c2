"""Rows that come as columns, from Parquet or data frames: turned into texts a column at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from cercle.load.rows import Field

__all__ = ["as_csv", "text_columns"]


def as_csv(rows: pa.RecordBatch, delimiter: str) -> bytes:
    """Write texts as CSV; a null is an empty cell."""
    sink = pa.BufferOutputStream()
    arrow_csv.write_csv(rows, sink, arrow_csv.WriteOptions(include_header=False, delimiter=delimiter))
    written: bytes = sink.getvalue().to_pybytes()
    return written


def text_columns(
    rows: pa.RecordBatch, names: Sequence[str], fields: Sequence[Field], lines: pa.Array
) -> pa.RecordBatch | None:
    """Turn columns into texts, in the order of the fields.

    Args:
        rows: as they came.
        names: what each of its columns is called in the contract.
        fields: all columns of the contract, then `_extra`.
        lines: of the rows.

    Returns:
        `_line` and the texts f0, f1, …; None where a value needs Python to be read: a fraction, a nested value, a
        column that the contract does not know, a text with a NUL.
    """
    texts: dict[str, pa.StringArray] = {}
    for name, column in zip(names, rows.columns, strict=True):
        if column.null_count < len(column):
            text = _as_text(column)
            if text is None:
                return None
            texts[name] = text
    columns: list[Any] = [lines]
    for field in fields:
        sources = field.column.source_names if field.column else ()
        found = [texts.pop(source) for source in sources if source in texts]
        if len(found) > 1:
            return None
        columns.append(found[0] if found else pa.nulls(rows.num_rows, pa.string()))
    if texts:
        return None
    return pa.RecordBatch.from_arrays(columns, names=["_line", *(f"f{i}" for i in range(len(fields)))])


def _as_text(column: pa.Array) -> pa.StringArray | None:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_timestamp(kind):
        plain = pc.cast(column, pa.timestamp("us", kind.tz), safe=False)
        text = pc.cast(pc.cast(plain, pa.timestamp("us")), pa.string())
        return pc.binary_join_element_wise(text, "Z", "") if kind.tz else text
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_date32(kind):
        return pc.cast(column, pa.string())
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return None
    column.validate(full=True)
    text = pc.cast(column, pa.string())
    if pc.any(pc.match_substring(text, "\x00")).as_py():
        return None
    return pc.if_else(pc.equal(text, ""), None, text)
