"""Consent and privacy: rules, decisions, the ledger, requests and rights of the person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cercle.commands import State, _privacy_reports, _privacy_requests, _privacy_rights, pass_state
from cercle.commands._privacy_export import export_command
from cercle.errors import EXIT_DIFFERENCE, EXIT_OK, CercleError

if TYPE_CHECKING:
    from psycopg import Connection

    from cercle.privacy.scenarios import Scenario
    from cercle.privacy.simulation import Check

__all__ = ["command"]

_CHANNELS = ("email", "sms", "phone_call", "phone_auto", "postal", "social_audience")
_PURPOSES = (
    "direct_marketing",
    "marketing_profiling",
    "partner_prospecting",
    "audience_matching",
    "special_category_use",
    "service_transactional",
    "rights_response",
    "security_notice",
)
_MOMENT = click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"])


@click.group(name="privacy")
def command() -> None:
    """Consent and privacy: rules, decisions, the ledger, requests and rights of the person."""


command.add_command(export_command)


@command.command(name="simulate")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--through-sources",
    is_flag=True,
    help="Deliver the scenarios as landing files to a database of their own, with runs of some 20 s each.",
)
@pass_state
def simulate_command(state: State, file: Path, through_sources: bool) -> int:
    """Run a FILE of scenarios through the product's own SQL.

    Prints one JSON line per check, then a line of counts; exits 1 when a check differs from what the file
    expects. Nothing stays in the database. docs/consent.md describes the format.
    """
    import psycopg

    from cercle.privacy.scenarios import read_scenarios

    scenarios = read_scenarios(file)
    try:
        checks = _checks(state, scenarios, through_sources)
    except (psycopg.DataError, ValueError) as error:
        raise CercleError(
            f"A value of the file cannot be read as what it should be ({type(error).__name__})",
            where=str(file),
            remedy="Write times as ISO 8601 with a zone, dates as 2026-12-31, flags as true or false",
        ) from None
    different = 0
    for check in checks:
        line = dict(check.answer)
        if not check.is_as_expected:
            different += 1
            line["expect"] = check.expected
        click.echo(json.dumps(line, ensure_ascii=False))
    expecting = sum(check.expected is not None for check in checks)
    counts = {
        "scenarios": len(scenarios),
        "checks": len(checks),
        "as_expected": expecting - different,
        "different": different,
        "without_expectation": len(checks) - expecting,
    }
    if through_sources:
        counts["not_asked"] = sum("not_asked" in check.answer for check in checks)
    click.echo(json.dumps(counts))
    return EXIT_DIFFERENCE if different else EXIT_OK


def _checks(state: State, scenarios: Sequence[Scenario], through_sources: bool) -> list[Check]:
    from cercle import db
    from cercle.privacy.simulation import simulate

    if through_sources:
        from cercle.privacy.source_simulation import simulate_through_sources

        with state.progress("Deliver the scenarios") as advance:
            return simulate_through_sources(state.settings, scenarios, lambda text: advance(description=text))
    with db.connect(state.settings) as connection:
        _migrate_if_empty(connection)
        return simulate(connection, scenarios)


@command.command(name="decide")
@click.option("--customer", help="Customer id (c_…).")
@click.option("--source-id", help="Instead: an identity of a source, as store:C0001234.")
@click.option("--contact-point", required=True, help="kind:value, with kind email, tel, addr or social.")
@click.option("--channel", required=True, type=click.Choice(_CHANNELS))
@click.option("--purpose", required=True, type=click.Choice(_PURPOSES))
@click.option("--recipient", help="For partner_prospecting: who is to receive.")
@click.option("--controller", help="Legal entity that asks; a sale allows its own seller alone.")
@click.option("--product-family", help="What is advertised; a sale or contract allows its own family alone.")
@click.option("--check-hours", is_flag=True, help="Judge the calling hours too.")
@click.option("--region", default="FR", show_default=True, help="Country of a number without a country code.")
@click.option("--valid-at", type=_MOMENT, help="The moment that is asked about. [default: now]")
@click.option("--known-at", type=_MOMENT, help="What was known then decides. [default: now]")
@pass_state
def decide_command(state: State, /, contact_point: str, region: str, **options: Any) -> int:
    """Decide whether a contact point may be used, against the ledger as it is now.

    Exits 1 for DENY. The contact point is turned into its pseudonym here, and never stored or logged.
    """
    from cercle import db
    from cercle.privacy.decisions import Question, decide
    from cercle.privacy.lookup import find_contact_point, find_person
    from cercle.privacy.pseudonyms import PseudonymKey

    customer, source_id = options.pop("customer"), options.pop("source_id")
    if (customer is None) == (source_id is None):
        raise click.UsageError("Name either --customer or --source-id")
    now = datetime.now(UTC)
    moments: dict[str, Any] = {name: options.pop(name) or now for name in ("valid_at", "known_at")}
    key = PseudonymKey.current(state.settings)
    with db.connect(state.settings) as connection:
        question = Question(
            identity=find_person(connection, key, customer, source_id),
            contact_point=find_contact_point(connection, key, contact_point, region),
            **moments,
            **options,
        )
        decision = decide(connection, [question])[0]
    payload = asdict(decision)
    del payload["question_id"]
    until = decision.decision_valid_until
    state.show(
        payload,
        f"{decision.decision}: {decision.reason}"
        + (f" (rule {decision.rule_id})" if decision.rule_id else "")
        + (f", evidence {decision.evidence_event_id}" if decision.evidence_event_id else "")
        + (f", until {until:%Y-%m-%d %H:%M} UTC" if until else ""),
    )
    return EXIT_OK if decision.decision == "ALLOW" else EXIT_DIFFERENCE


@command.command(name="verify-chain")
@click.option("--ledger", default="main", show_default=True)
@pass_state
def verify_chain_command(state: State, ledger: str) -> int:
    """Check the hash chain of the ledger; exits 1 with the place of the first break."""
    from cercle import db
    from cercle.privacy.ledger import first_break

    with db.connect(state.settings) as connection:
        row = connection.execute(
            "select count(*), max(position) from privacy.consent_events where ledger = %s", (ledger,)
        ).fetchone()
        place = first_break(connection, ledger)
    count = row[0] if row else 0
    payload = {"ledger": ledger, "row_count": count, "first_break": place}
    state.show(
        payload,
        f"The chain of ledger {ledger!r} is whole: {count} rows."
        if place is None
        else f"The chain of ledger {ledger!r} breaks at row {place} (counted from 0) of {count}.",
    )
    return EXIT_OK if place is None else EXIT_DIFFERENCE


def _migrate_if_empty(connection: Connection) -> None:
    """Make the fixed schemas in a database that has none yet."""
    from cercle import db

    found = connection.execute("select to_regclass('privacy.policy_rules') is not null").fetchone()
    connection.commit()
    if not (found and found[0]):
        db.migrate(connection)


for module in (_privacy_reports, _privacy_requests, _privacy_rights):
    module.add_commands(command)
