"""Who is who: explain a customer, decide (link, unlink, block), list changes, measure against a truth."""

from __future__ import annotations

import dataclasses
import getpass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cercle.commands import State, pass_state

if TYPE_CHECKING:
    from cercle.identity import Explanation

__all__ = ["command"]

_UNTIL = click.option(
    "--until", type=click.DateTime(), help="Day (UTC) when the decision ends; by default never."
)
_WHY = click.option("--because", "why", required=True, help="The reason, without personal values.")
_WHO = click.option("--by", "who", default=getpass.getuser, help="Who decides; by default the system's user.")
_NEXT_BUILD = "It holds from the next build on: cercle build."


@click.group(name="identity")
def command() -> None:
    """Who is who: explain a customer, decide (link, unlink, block), list changes, measure against a truth."""


@command.command()
@click.argument("first")
@click.argument("second", required=False)
@click.option("--clear", is_flag=True, help="Show identifiers in clear; you need the right to read them.")
@pass_state
def explain(state: State, first: str, second: str | None, clear: bool) -> None:
    """Say why two records are one customer, or how a customer hangs together.

    FIRST and SECOND are source records (entity:source:key). FIRST alone, or `customer` and an id, is a customer.
    """
    from cercle.db import connect
    from cercle.identity import explain_customer, explain_records

    with connect(state.settings) as connection:
        if second is None or first == "customer":
            found = explain_customer(connection, second or first, clear)
            text = _customer_text(found)
        else:
            found = explain_records(connection, first, second, clear)
            text = _records_text(found, first, second)
    state.show(dataclasses.asdict(found), text)


@command.command()
@click.argument("left")
@click.argument("right")
@_WHY
@_WHO
@_UNTIL
@pass_state
def link(state: State, left: str, right: str, why: str, who: str, until: datetime | None) -> None:
    """Decide that two records are one person, whatever the rules say."""
    _decide(state, "link", (left, right), (who, why, until))


@command.command()
@click.argument("left")
@click.argument("right")
@_WHY
@_WHO
@_UNTIL
@pass_state
def unlink(state: State, left: str, right: str, why: str, who: str, until: datetime | None) -> None:
    """Decide that two records are two people, whatever the rules say."""
    _decide(state, "unlink", (left, right), (who, why, until))


@command.command()
@click.argument("identifier_type")
@click.argument("value")
@_WHY
@_WHO
@_UNTIL
@pass_state
def block(state: State, identifier_type: str, value: str, why: str, who: str, until: datetime | None) -> None:
    """Decide that an identifier joins nobody. VALUE may be its pseudonym (identifier_key)."""
    _decide(state, "block", (identifier_type, value), (who, why, until))


@command.command()
@click.argument("override_id", type=int)
@_WHO
@pass_state
def revoke(state: State, override_id: int, who: str) -> None:
    """Take a decision back: each side has its own again."""
    from cercle.db import connect
    from cercle.identity import revoke as take_back

    with connect(state.settings) as connection:
        take_back(connection, override_id, who)
    state.show(
        {"override_id": override_id, "is_revoked": True}, f"Decision {override_id} is revoked. {_NEXT_BUILD}"
    )


@command.command()
@click.option("--all", "with_revoked", is_flag=True, help="Those taken back too.")
@pass_state
def decisions(state: State, with_revoked: bool) -> None:
    """List stewards' decisions, the newest first."""
    from cercle.db import connect
    from cercle.identity import decisions as read

    with connect(state.settings) as connection:
        found = read(connection, with_revoked)
    columns = (
        "override_id",
        "action",
        "between",
        "made_by",
        "reason",
        "made_at",
        "valid_until",
        "revoked_at",
    )
    rows = [
        (
            one.override_id,
            one.action,
            f"{one.left_record} | {one.right_record}"
            if one.left_record
            else f"{one.identifier_type} {(one.identifier_value or '')[:12]}",
            one.made_by,
            one.reason,
            one.made_at,
            one.valid_until,
            one.revoked_at,
        )
        for one in found
    ]
    state.show_table([dataclasses.asdict(one) for one in found], columns, rows)


@command.command()
@click.option("--limit", default=50, show_default=True, help="The newest ones.")
@pass_state
def changes(state: State, limit: int) -> None:
    """List merges, splits, restorations and retirements of customers, the newest first."""
    from cercle.db import connect

    columns = ("changed_at", "publication_id", "change", "id", "other_id", "member_count")
    with connect(state.settings) as connection:
        rows = connection.execute(
            f"""
            select {", ".join(columns)}
            from identity.changes
            where kind = 'customer' and change <> 'created'
            order by change_id desc
            limit %s
            """.encode(),
            (limit,),
        ).fetchall()
    state.show_table([dict(zip(columns, row, strict=True)) for row in rows], columns, rows)


@command.command()
@click.argument("rules", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--limit", default=20, show_default=True, help="How many merges and splits to show.")
@pass_state
def preview(state: State, rules: Path, limit: int) -> None:
    """Say what other rules would merge and split, before it is done; nothing that stands is touched.

    RULES is a CSV file: identifier_type, and those columns of the seed identity_identifier_types that change.
    """
    from cercle.identity.preview import preview_rules

    found = preview_rules(state.settings, rules)
    lines = [
        f"{found.customer_count:,} customers would be {found.coming_count:,}: "
        f"{len(found.merges):,} merges, {len(found.splits):,} splits; "
        f"{found.gained_count:,} records would gain a customer, {found.lost_count:,} lose theirs.",
        *(f"merge: {', '.join(one.other_ids)} ({one.record_count} records)" for one in found.merges[:limit]),
        *(
            f"split: {one.customer_id} into {len(one.other_ids)} ({one.record_count} records)"
            for one in found.splits[:limit]
        ),
    ]
    state.show(dataclasses.asdict(found), "\n".join(lines))


@command.command(name="set-aside")
@click.option("--limit", default=50, show_default=True, help="The worst ones.")
@click.option("--reason", help="Only what was set aside for this reason.")
@click.option("--clear", is_flag=True, help="Show identifiers in clear; you need the right to read them.")
@pass_state
def set_aside(state: State, limit: int, reason: str | None, clear: bool) -> None:
    """List the identifiers that were set aside, with the reason; those first that would melt most customers."""
    from cercle.db import connect
    from cercle.identity import list_set_aside
    from cercle.identity.masking import masked

    with connect(state.settings) as connection:
        found = list_set_aside(connection, limit, reason)
    if not clear:
        found = [dataclasses.replace(one, value=masked(one.identifier_type, one.value)) for one in found]
    rows = [
        (
            one.identifier_type,
            one.value or one.identifier_key[:12],
            one.reason,
            one.customer_count,
            one.record_count,
            one.last_observed_at,
        )
        for one in found
    ]
    columns = ("identifier_type", "value", "reason", "customers", "records", "last_observed_at")
    state.show_table([dataclasses.asdict(one) for one in found], columns, rows)


@command.command(name="matching-report")
@click.option("--html", "path", required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--pairs", "count", default=8, show_default=True, help="Doubtful pairs of each kind to show.")
@pass_state
def matching_report(state: State, path: Path, count: int) -> None:
    """Write a page on scored matching: what each level weighs, how doubtful pairs were weighed; no personal value."""
    from cercle.db import connect
    from cercle.identity.matching.report import doubtful_pairs, report_html

    with connect(state.settings) as connection:
        descriptions = doubtful_pairs(connection, count)
    path.write_text(report_html(descriptions), encoding="utf-8")
    state.show({"path": str(path)}, f"{path}")


@command.command()
@click.argument("truth_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--all-records", is_flag=True, help="Compare orders, calls, messages too, not register entries alone."
)
@pass_state
def evaluate(state: State, truth_dir: Path, all_records: bool) -> None:
    """Measure the customers against the truth that `cercle simulate` wrote into TRUTH_DIR."""
    from cercle.db import connect
    from cercle.identity import evaluate as measure

    with connect(state.settings) as connection:
        found = measure(connection, truth_dir, profiles_only=not all_records)
    state.show(
        found.as_dict(),
        f"{found.record_count} records, {found.person_count} people, {found.customer_count} customers\n"
        f"pairs    precision {found.precision:.4f}  recall {found.recall:.4f}  F1 {found.f1:.4f}\n"
        f"B-cubed  precision {found.bcubed_precision:.4f}  recall {found.bcubed_recall:.4f}"
        f"  F1 {found.bcubed_f1:.4f}\n"
        f"largest customer: {found.largest_customer} records",
    )


def _decide(
    state: State, action: str, subject: tuple[str, str], decision: tuple[str, str, datetime | None]
) -> None:
    from datetime import UTC

    from cercle import identity
    from cercle.db import connect

    who, why, until = decision
    decide = {"link": identity.link, "unlink": identity.unlink, "block": identity.block}[action]
    with connect(state.settings) as connection:
        number = decide(connection, subject, who, why, until.replace(tzinfo=UTC) if until else None)
    state.show({"override_id": number, "action": action}, f"Decision {number} is noted. {_NEXT_BUILD}")


def _records_text(found: Explanation, left: str, right: str) -> str:
    if found.is_same:
        lines = [f"{left} and {right} are customer {found.customers[0]}:"]
        return "\n".join([*lines, left, *(_step_text(step) for step in found.steps)])
    first, second = (customer or "no customer" for customer in found.customers)
    lines = [f"{left} is {first}, {right} is {second}."]
    if found.set_aside:
        lines.append("Both have, and are not joined by:")
        lines += [_set_aside_text(item) for item in found.set_aside]
    else:
        lines.append("They have no identifier in common; others may lie between them.")
    return "\n".join(lines)


def _customer_text(found: Explanation) -> str:
    oldest = found.steps[0].from_record if found.steps else "one record"
    lines = [f"Customer {found.customers[0]}, {len(found.steps) + 1} records; the oldest is {oldest}."]
    lines += [f"{step.from_record}\n{_step_text(step)}" for step in found.steps]
    if found.set_aside:
        lines.append("Set aside:")
        lines += [f"  {item['record']}:{_set_aside_text(item)}" for item in found.set_aside]
    return "\n".join(lines)


def _step_text(step: Any) -> str:
    value = f" {step.value}" if step.value else ""
    return f"  {step.rule}{value} ({step.score:.2f}; {step.evidence})\n{step.to_record}"


def _set_aside_text(item: Any) -> str:
    value = f" {item['value']}" if item["value"] else ""
    return f"  {item['identifier_type']}{value}: {item['reason']}"
