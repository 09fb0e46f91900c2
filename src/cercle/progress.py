"""How a run tells what it is at: signs of life of its steps, and the seconds that each took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cercle.dbt_runner import OnEvent

__all__ = ["OnProgress", "Progress", "StepTime", "Teller"]


@dataclass(frozen=True)
class Progress:
    """A sign of life of a step.

    Attributes:
        step: its name.
        text: what it is at, or at the end what it did.
        index: how many parts are done.
        total: how many there are.
        seconds: how long the step took; None while it works.
    """

    step: str
    text: str = ""
    index: int | None = None
    total: int | None = None
    seconds: float | None = None


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class StepTime:
    """A step that was done."""

    step: str
    seconds: float
    summary: str


class Teller:
    """Times the steps of a run, and tells the caller how they go.

    Args:
        steps: each step is added here when it is done.
        on_progress: called with each sign of life.
    """

    def __init__(self, steps: list[StepTime], on_progress: OnProgress | None) -> None:
        self._steps = steps
        self._tell = on_progress or (lambda progress: None)

    def at(self, step: str, text: str) -> None:
        """Say what a step is at."""
        self._tell(Progress(step, text))

    def dbt_event(self, step: str) -> OnEvent:
        """Return a listener that says which of dbt's nodes a step is at."""
        return lambda event: self._tell(Progress(step, event.node, event.index, event.total))

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time a step; what is appended to the list that is yielded becomes its summary. A step that fails has none."""
        self._tell(Progress(name))
        started = time.monotonic()
        summary: list[str] = []
        yield summary
        seconds = time.monotonic() - started
        self._steps.append(StepTime(name, round(seconds, 2), "; ".join(summary)))
        self._tell(Progress(name, "; ".join(summary), seconds=seconds))
