"""Connected components of a bipartite graph in memory, by scipy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cercle.errors import CercleError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.int64]

__all__ = ["find_components"]

# Keys that fill at least this share of their range are numbered by their place in it, others by sorting.
_DENSE_SHARE = 0.25


def find_components(lefts: Numbers, rights: Numbers) -> tuple[Numbers, Numbers]:
    """Find the connected components of a graph whose edges are lefts[i] - rights[i].

    Args:
        lefts: left vertices.
        rights: right vertices, as many. A left and a right one of the same number are two.

    Returns:
        Each left vertex once, ascending, and the smallest left vertex of its component.

    Raises:
        CercleError: scipy is not installed.
    """
    try:
        import numpy as np
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components
    except ImportError as error:
        raise CercleError(
            "The library that finds connected components is not there", remedy="Install cercle[matching]"
        ) from error
    if not len(lefts):
        return lefts, lefts
    left_keys, left_numbers = _number(lefts)
    right_keys, right_numbers = _number(rights)
    count = len(left_keys) + len(right_keys)
    edges = coo_array(
        (np.ones(len(lefts), np.int8), (left_numbers, right_numbers + len(left_keys))), shape=(count, count)
    )
    component_count, labels = connected_components(edges, directed=False)
    smallest = np.full(component_count, left_keys[-1])
    np.minimum.at(smallest, labels[: len(left_keys)], left_keys)
    return left_keys, smallest[labels[: len(left_keys)]]


def _number(keys: Numbers) -> tuple[Numbers, npt.NDArray[np.int32]]:
    """Return the distinct keys, ascending, and for each key its place among them."""
    import numpy as np

    least = int(keys.min())
    span = int(keys.max()) - least + 1
    if len(keys) < _DENSE_SHARE * span:
        distinct, numbers = np.unique(keys, return_inverse=True)
        return distinct, numbers.astype(np.int32)
    offsets = keys - least
    is_there = np.zeros(span, bool)
    is_there[offsets] = True
    places = np.cumsum(is_there, dtype=np.int32) - np.int32(1)
    return np.flatnonzero(is_there) + least, places[offsets]
