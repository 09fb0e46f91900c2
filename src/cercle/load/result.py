"""What a load reports, and the reasons for which a row is rejected."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["REASONS", "LoadResult", "Unreadable"]

# Reason code -> sentence. {column}: the column it is about; {detail}: what would have been right. No personal value.
REASONS = {
    "wrong_cell_count": "The row has {detail}.",
    "bad_csv": "A quote is misplaced or never closed, or a carriage return stands alone.",
    "bad_encoding": "The row is not valid {detail}.",
    "nul_byte": "The row holds a NUL character, which no text may.",
    "row_too_long": "The row is longer than {detail}.",
    "bad_json": "The line is not valid JSON.",
    "not_an_object": "The line is valid JSON, but no object.",
    "imprecise_number": "A number has more digits than JSON numbers keep; write it as text.",
    "not_parsed": "{detail}",
    "missing_value": "{column} is required, and is empty.",
    "value_too_long": "{column} is longer than {detail} bytes.",
    "spreadsheet_number": "{column} was turned into a rounded number by a spreadsheet.",
    "bad_integer": "{column} is not a whole number within 64 bits.",
    "bad_number": "{column} is not a decimal number of at most 60 characters.",
    "bad_boolean": "{column} is neither true nor false (yes, no, 1, 0).",
    "bad_date": "{column} is not a date that exists, written as {detail}.",
    "bad_timestamp": "{column} is not a time that exists, written as {detail}.",
    "bad_json_value": "{column} is not valid JSON.",
    "date_out_of_range": "{column} is before 1900, or after {detail}.",
    "timestamp_out_of_range": "{column} is before 1900, or more than 10 years ahead.",
    "not_accepted": "{column} is not one of {detail}.",
}


@dataclass(frozen=True)
class Unreadable:
    """A row that no typed columns could be made of.

    Attributes:
        line: where it begins in the file.
        code: one of REASONS.
        reason: a sentence without a personal value.
        payload: the row as it stood in the file.
    """

    line: int
    code: str
    reason: str
    payload: str | None


@dataclass(frozen=True)
class LoadResult:
    """What became of one file.

    Attributes:
        state: loaded, skipped (the same bytes were loaded before), refused (not one row was taken), dry_run.
        source: source instance.
        entity: kind of row; empty where the file belongs to none.
        file: its name.
        load_id: row of ops.loads; of the earlier load where the file was skipped, None in a dry run.
        read_count: rows of the file = stored + known + rejected + suppressed.
        stored_count: rows that raw holds from this file.
        known_count: rows that raw already had, and repetitions within the file.
        rejected_count: rows in ops.rejected_rows.
        suppressed_count: rows that a tombstone kept out.
        replaced_count: rows of earlier loads whose partition this file brought anew.
        reasons: reason code -> rejected rows.
        extra_columns: columns of the file that the contract does not know.
        message: a sentence about a refusal or a warning; empty when all is well.
        seconds: how long it took.
    """

    state: str
    source: str
    entity: str
    file: str
    load_id: int | None = None
    read_count: int = 0
    stored_count: int = 0
    known_count: int = 0
    rejected_count: int = 0
    suppressed_count: int = 0
    replaced_count: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    extra_columns: tuple[str, ...] = ()
    message: str = ""
    seconds: float = 0.0
