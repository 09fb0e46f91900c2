"""The one screen at the end of a run: what was published, how good it is, and what to open next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cercle.report.figures import Figures

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["show"]

_MOST_LINES = 8
_WIDTH = 108
_NARROWEST_FOR_TWO = 96


def show(
    figures: Figures,
    timings: Sequence[tuple[str, float]],
    next_steps: Sequence[tuple[str, str]],
    truth: Mapping[str, Any] | None = None,
    width: int | None = None,
) -> None:
    """Print the screen.

    Args:
        figures: what the run left behind.
        timings: seconds by step, in order.
        next_steps: what to open next: a word, and a line to copy.
        truth: precision and recall against the simulated truth, None where there is none.
        width: of the screen; by default that of the terminal, within reason.
    """
    from rich.console import Console, Group
    from rich.table import Table

    console = Console(highlight=False)
    console.width = width or (max(80, min(console.width, _WIDTH)) if console.is_terminal else _WIDTH)
    left = Group(_heading("Marts", "rows"), _marts(figures))
    right = Group(
        *_part("Customers against the truth, pairs", _truth(truth) if truth else None),
        *_part("Rows", _rows(figures)),
        *_part("Rejected, and why", _rejected(figures)),
        *_part("Checks", _checks(figures)),
    )
    seconds = Group(*_part("Seconds", _seconds(timings)))
    console.rule(f"[bold]cercle[/bold] · {_published(figures)}")
    sides = Table.grid(padding=(0, 3))
    if console.width >= _WIDTH and _is_first(figures):
        sides.add_row(left, right, seconds)
    elif console.width >= _NARROWEST_FOR_TWO:
        sides.add_row(left, Group(right, seconds))
    else:
        sides.add_row(Group(left, right, seconds))
    console.print(sides)
    warnings = _warnings(figures)
    if warnings:
        console.print(_heading("To look at"))
        for line in warnings:
            console.print(line, style="yellow", markup=False, soft_wrap=False)
    console.print(_heading("Open next"))
    for name, line in next_steps:
        console.print(f"  [bold]{name:<14}[/bold]", end="")
        console.print(line, markup=False, soft_wrap=True)
    console.rule()


def _heading(title: str, rest: str = "") -> RenderableType:
    from rich.text import Text

    return Text.assemble("\n", (title, "bold cyan"), (f"  {rest}" if rest else "", "dim"))


def _part(title: str, content: RenderableType | None) -> list[RenderableType]:
    return [_heading(title), content] if content is not None else []


def _grid(rows: Sequence[tuple[str, ...]], right: Sequence[int] = ()) -> RenderableType | None:
    from rich.table import Table

    if not rows:
        return None
    table = Table.grid(padding=(0, 2))
    for number in range(len(rows[0])):
        table.add_column(justify="right" if number in right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def _published(figures: Figures) -> str:
    if figures.publication is None:
        return "nothing is published"
    number, as_of = figures.publication["publication_id"], figures.publication["as_of"]
    return f"publication {number}, as of {as_of:%Y-%m-%d %H:%M} UTC"


def _marts(figures: Figures) -> RenderableType:
    is_first = _is_first(figures)
    rows = [
        (
            mart["relation"],
            f"{mart['row_count']:,}",
            "" if is_first else _change(mart["inserted_count"], mart["updated_count"], mart["deleted_count"]),
        )
        for mart in figures.marts
    ]
    return _grid(rows, right=(1,)) or "–"


def _is_first(figures: Figures) -> bool:
    """Whether every row is new: the changes are then not worth a column."""
    return all(mart["inserted_count"] == mart["row_count"] for mart in figures.marts)


def _change(inserted: int, updated: int, deleted: int) -> str:
    parts = [f"{sign}{count:,}" for sign, count in (("+", inserted), ("~", updated), ("-", deleted)) if count]
    return f"[dim]{' '.join(parts)}[/dim]"


def _truth(truth: Mapping[str, Any]) -> RenderableType | None:
    rows = [("precision (found are right)", f"{float(truth['precision']):.4f}")]
    rows.append(("recall (true are found)", f"{float(truth['recall']):.4f}"))
    rows += [
        (name.replace("_", " "), f"{truth[name]:,}")
        for name in ("customer_count", "person_count")
        if truth.get(name) is not None
    ]
    return _grid(rows, right=(1,))


def _rows(figures: Figures) -> RenderableType | None:
    loads = figures.loads
    rows = [("files loaded now", f"{loads['file_count']:,}")]
    rows += [
        (name, f"{loads[f'{name}_count']:,}")
        for name in ("read", "stored", "known", "rejected", "suppressed")
    ]
    if loads["refused_count"]:
        rows.insert(1, ("files refused", f"{loads['refused_count']:,}"))
    if not loads["file_count"]:
        rows = [("files loaded now", "0"), ("stored before", f"{loads['all_stored_count']:,}")]
    return _grid(rows, right=(1,))


def _rejected(figures: Figures) -> RenderableType | None:
    by_reason: defaultdict[str, int] = defaultdict(int)
    for row in figures.rejected:
        by_reason[row["reason_code"]] += row["row_count"]
    counted = sorted(by_reason.items(), key=lambda item: (-item[1], item[0]))
    rows = [(reason.replace("_", " "), f"{count:,}") for reason, count in counted[:_MOST_LINES]]
    if len(counted) > _MOST_LINES:
        rows.append(("other reasons", f"{sum(count for _, count in counted[_MOST_LINES:]):,}"))
    return _grid(rows, right=(1,))


def _checks(figures: Figures) -> RenderableType | None:
    rows = []
    for border in ("raw", "marts"):
        found = [check for check in figures.checks if check["border"] == border]
        total = sum(check["result_count"] for check in found)
        if not total:
            continue
        passed = _count(found, "passed")
        notes = [
            f"[yellow]{count} {word}{'s' if count > 1 and word == 'warning' else ''}[/yellow]"
            for word, count in (
                ("warning", _count(found, "failed", "warning")),
                ("critical", _count(found, "failed", "critical")),
                ("broken", _count(found, "broken")),
            )
            if count
        ]
        rows.append((border, f"{passed:,} of {total:,} passed", ", ".join(notes)))
    return _grid(rows)


def _count(checks: Sequence[Mapping[str, Any]], outcome: str, severity: str | None = None) -> int:
    return sum(
        check["result_count"]
        for check in checks
        if check["outcome"] == outcome and severity in (None, check["severity"])
    )


def _seconds(timings: Sequence[tuple[str, float]]) -> RenderableType | None:
    rows = [(name, f"{seconds:.1f}") for name, seconds in timings]
    rows.append(("[bold]in all[/bold]", f"[bold]{sum(seconds for _, seconds in timings):.1f}[/bold]"))
    return _grid(rows, right=(1,))


def _warnings(figures: Figures) -> list[str]:
    lines = [
        f"  load {load['load_id']} of {load['source']}.{load['entity']} is kept out: "
        f"{load['state_reason'] or 'it is not judged yet'}"
        for load in figures.kept_out
    ]
    for warning in figures.warnings:
        about = f"{warning['source']}.{warning['entity']}" if warning["source"] else warning["suite"]
        times = f" ({warning['result_count']}×)" if warning["result_count"] > 1 else ""
        lines.append(f"  {warning['outcome']} {warning['severity']}, {about}: {warning['message']}{times}")
    if len(lines) > _MOST_LINES:
        rest = len(lines) - _MOST_LINES
        lines = [*lines[:_MOST_LINES], f"  and {rest} more, in ops.quality_results"]
    return lines
