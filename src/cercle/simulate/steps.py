"""The log of everything that people and the company say to each other: one entry per step, whatever the channel."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["FIELDS", "StepLog", "Steps"]

Array = npt.NDArray[Any]

# Name -> (type, value where an entry does not say).
FIELDS: dict[str, tuple[str, int]] = {
    "time": ("i8", 0),
    "person": ("i4", -1),
    "case": ("i4", -1),  # planned conversation
    "channel": ("i1", 0),  # scripts.Channel
    "is_company": ("i1", 0),
    "role": ("i1", 0),  # position in scripts.ROLES
    "topic": ("i1", -1),  # position in scripts.TOPICS
    "language": ("i1", 0),
    "brand": ("i1", 0),
    "kind": ("i1", -1),  # of social interactions and visits
    "reply_to": ("i4", -1),  # serial of the entry that it answers, in the same channel
    "thread": ("i4", -1),
    "order": ("i4", -1),  # order that it is about
    "campaign": ("i2", -1),
    "email": ("i4", -1),
    "phone": ("i4", -1),
    "account": ("i4", -1),
    "record": ("i4", -1),
    "store": ("i1", -1),
    "agent": ("i2", -1),
    "rating": ("i1", -1),
    "names_order": ("i1", 0),  # whether the entry itself names the order
    "names_case": ("i1", 0),
    "is_answered": ("i1", 1),  # of calls: whether someone took it
    "is_automatic": ("i1", 0),
}


class Steps:
    """The finished log: one array per field, entries by serial."""

    def __init__(self, arrays: dict[str, Array]) -> None:
        self.arrays = arrays

    def __getitem__(self, field: str) -> Array:
        return self.arrays[field]

    def __len__(self) -> int:
        return len(self.arrays["person"])


class StepLog:
    """Collects entries. Entries later than the end of the world are dropped by their writers, not here."""

    def __init__(self, fields: dict[str, tuple[str, int]] = FIELDS) -> None:
        self._fields = fields
        self._parts: dict[str, list[Array]] = {field: [] for field in fields}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, count: int, **values: Any) -> Array:
        """Add entries.

        Args:
            count: how many.
            values: per field an array of that length, or one value for all.

        Returns:
            Their serials.
        """
        unknown = values.keys() - self._fields.keys()
        assert not unknown, unknown
        for field, (kind, default) in self._fields.items():
            value = values.get(field, default)
            array = np.broadcast_to(np.asarray(value), (count,)).astype(kind)
            self._parts[field].append(array)
        serials = np.arange(self._count, self._count + count)
        self._count += count
        return serials

    def freeze(self) -> Steps:
        """Return the log and forget the parts."""
        arrays = {}
        for field, parts in self._parts.items():
            arrays[field] = np.concatenate(parts) if parts else np.empty(0, dtype=self._fields[field][0])
            parts.clear()
        return Steps(arrays)
