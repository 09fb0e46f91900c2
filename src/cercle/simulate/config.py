"""What a simulated world is made from: its size, its clock, its seed and its noise."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from cercle.errors import EXIT_USAGE, CercleError

__all__ = ["DAY", "DEFAULT_UNTIL", "WorldConfig"]

DAY = 86_400
# Fixed, so that a world is the same on every day, and late enough for France's opt-in to telephone marketing
# (2026-08-11) to fall inside it.
DEFAULT_UNTIL = datetime(2026, 10, 31, 23, 0, tzinfo=UTC)


@dataclass(frozen=True)
class WorldConfig:
    """The parameters of a world. The same ones give the same bytes.

    Attributes:
        customers: people with at least one customer record; prospects and strangers come on top.
        days: length of the window that ends at `until`; customers and permissions may be older.
        seed: any non-negative integer.
        out: folder for `landing/` (and `landing_next/`).
        truth: folder for the truth; None for `out`/truth.
        noise: 1 gives the shares of docs/simulator.md, 2 doubles them, 0 has none.
        until: end of the world; nothing happens later.
        increment_days: what became known in the last so many days goes to `landing_next/` instead.
        facts: whether the truth holds `facts/`; they change nothing else.
    """

    customers: int
    days: int
    seed: int
    out: Path
    truth: Path | None = None
    noise: float = 1.0
    until: datetime = DEFAULT_UNTIL
    increment_days: float = 0.0
    facts: bool = False

    def __post_init__(self) -> None:
        """Refuse what makes no world."""
        for name, is_wrong, allowed in (
            ("--customers", self.customers < 10, "a number from 10"),
            ("--days", not 7 <= self.days <= 3660, "a number from 7 to 3660"),
            ("--seed", self.seed < 0, "a number from 0"),
            ("--noise", not 0 <= self.noise <= 5, "a number from 0 to 5"),
            ("--until", self.until.tzinfo is None, "a date, or a time with its zone"),
            ("--increment-days", not 0 <= self.increment_days < self.days, "a number from 0, below --days"),
        ):
            if is_wrong:
                raise CercleError(
                    "This makes no world", where=name, remedy=f"Give {allowed}", exit_code=EXIT_USAGE
                )

    @property
    def end(self) -> int:
        """End of the world, in seconds since 1970."""
        return int(self.until.timestamp())

    @property
    def start(self) -> int:
        """Start of the window, in seconds since 1970."""
        return self.end - self.days * DAY

    @property
    def cut(self) -> int:
        """What became known from this second on belongs to the increment."""
        return self.end - round(self.increment_days * DAY) if self.increment_days else self.end + 1

    @property
    def truth_dir(self) -> Path:
        """Folder of the truth."""
        return self.truth if self.truth is not None else self.out / "truth"

    def rng(self, *names: str) -> np.random.Generator:
        """Return the stream of random numbers of this name: a new feature then leaves the other streams alone."""
        return np.random.default_rng([self.seed, *(zlib.crc32(name.encode()) for name in names)])

    def share(self, base: float, cap: float = 0.95, power: float = 1.0) -> float:
        """Return a share of noise, scaled.

        Args:
            base: the share at noise 1.
            cap: the share at most.
            power: above 1 where more noise elsewhere leaves fewer records that could show this one.
        """
        return float(min(base * self.noise**power, cap))
