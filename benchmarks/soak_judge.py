"""Judges a soak: was every publication right, every alert there and no other, and no hand needed?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

from soak_told import Told

__all__ = ["judge", "render"]

_OVERHEAD_SECONDS = 40


def judge(told: Told) -> dict[str, bool]:
    """Return each claim of the soak, and whether it held."""
    alerts = Counter((alert["state"], alert["kind"], alert["about"]) for alert in told.alerts)
    published = [build for build in told.builds if build["state"] == "published"]
    events = {what for _, what, _ in told.events}
    return {
        "every day's marts are those of an undisturbed run": len(told.days) == 3
        and all(day["is_same"] for day in told.days),
        "every reader saw whole publications": not told.seen.faults
        and told.seen.looks > 50
        and len(told.seen.publications) >= len(told.days),
        "every expected alert was told": told.expected <= alerts.keys(),
        "no other alert was told": alerts.keys() <= told.expected,
        "each was told once": max(alerts.values(), default=0) == 1,
        "a mail went with each message": told.mails > 0,
        "the scheduler was killed and came back": "the scheduler is killed" in events
        and any("scheduler" in line for line in told.restarts),
        "the database was stopped and came back": [word for _, word in told.seen.outages][-2:]
        == ["away", "back"],
        "both while a build was at work": "no build was at work" not in events,
        "every build was published": len(published) == len(told.builds) > 0,
        f"orchestration of a run with nothing new costs under {_OVERHEAD_SECONDS} s": overhead(told)
        < _OVERHEAD_SECONDS,
        "no DAG run failed": not told.failed_runs,
        "nothing waits": "not settled" not in events,
        "nothing is left behind": not told.left_behind,
    }


def overhead(told: Told) -> float:
    """Return the seconds of the last run, which had nothing new, beyond those of its build's steps."""
    last = told.builds[-1] if told.builds else {}
    if not last.get("run_seconds"):
        return math.inf
    return round(last["run_seconds"] - last["step_seconds"], 1)


def render(told: Told, judgement: Mapping[str, bool]) -> str:
    """Return the timeline and the judgement as text."""
    lines = [f"{at:6.0f} s  {what}: {detail}" for at, what, detail in sorted(told.events)]
    lines += [f"{'held' if held else 'BROKEN':>8}  {claim}" for claim, held in judgement.items()]
    lines.append(f"orchestration of the run with nothing new: {overhead(told)} s")
    return "\n".join(lines)
