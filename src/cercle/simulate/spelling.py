"""How names get onto a record: as they are, without accents, in capitals, or wrong."""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.simulate.names import NICKNAMES

__all__ = ["without_accents", "write_names"]

Array = npt.NDArray[Any]
_NEIGHBOURS = {
    "a": "zq", "e": "rz", "i": "uo", "o": "pi", "u": "yi", "n": "bm", "m": "ln", "r": "te", "t": "ry", "s": "dq",
    "l": "km", "d": "sf", "c": "xv", "b": "vn", "p": "om", "v": "cb", "g": "fh", "h": "gj", "f": "dg",
}  # fmt: skip
_SOUNDS = (
    ("ph", "f"),
    ("ck", "k"),
    ("ie", "y"),
    ("eau", "o"),
    ("ss", "s"),
    ("tt", "t"),
    ("nn", "n"),
    ("y", "i"),
    ("é", "er"),
)


def without_accents(text: str) -> str:
    """Return the text in plain letters."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))


def write_names(
    rng: np.random.Generator, given: Array, family: Array, share_wrong: float
) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """Write names down.

    Args:
        rng: the stream.
        given: given names as they are.
        family: family names as they are.
        share_wrong: share of rows with an error that no folding of case and accents mends.

    Returns:
        Given names, family names, and which rows have an error.
    """
    count = len(given)
    first, last = given.copy(), family.copy()
    look = rng.random(count)
    plain = np.flatnonzero(look < 0.16)
    first[plain] = [without_accents(name) for name in first[plain]]
    last[plain] = [without_accents(name) for name in last[plain]]
    capitals = np.flatnonzero((look >= 0.10) & (look < 0.26))
    last[capitals] = [name.upper() for name in last[capitals]]
    lower = np.flatnonzero((look >= 0.26) & (look < 0.31))
    first[lower] = [name.lower() for name in first[lower]]
    last[lower] = [name.lower() for name in last[lower]]
    is_wrong = rng.random(count) < share_wrong
    for row in np.flatnonzero(is_wrong).tolist():
        first[row], last[row] = _spoil(rng, first[row], last[row])
    return first, last, is_wrong


def _spoil(rng: np.random.Generator, first: str, last: str) -> tuple[str, str]:
    kind = int(rng.integers(0, 10))
    if kind == 0:
        return last, first
    if kind == 1:
        return f"{first[0]}.", last
    if kind == 2 and first in NICKNAMES:
        return NICKNAMES[first], last
    if kind == 3 and ("-" in first or " " in last):
        return first.partition("-")[0], last.rpartition(" ")[2]
    sounds = [pair for pair in _SOUNDS if pair[0] in last.lower()] if kind in {4, 5} else []
    if sounds:
        return first, last.lower().replace(*sounds[0], 1).capitalize()
    return (_slip(rng, first), last) if kind in {6, 7} else (first, _slip(rng, last))


def _slip(rng: np.random.Generator, name: str) -> str:
    """One slip of the finger, never on the first letter; the result differs from the name."""
    if len(name) < 4:
        return f"{name}{name[-1]}"
    position = int(rng.integers(1, len(name) - 1))
    here, after = name[position], name[position + 1]
    kind = int(rng.integers(0, 4))
    if kind == 0:
        return name[:position] + name[position + 1 :]
    if kind == 1 and here != after:
        return name[:position] + after + here + name[position + 2 :]
    if kind == 2:
        return name[:position] + here + name[position:]
    wrong = _NEIGHBOURS.get(without_accents(here.lower())[:1], "x")
    return name[:position] + wrong[int(rng.integers(0, len(wrong)))] + name[position + 1 :]
