"""Puts a world together, writes its files and its truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.errors import EXIT_REFUSED, CercleError
from cercle.simulate.accounts import accounts_table, make_accounts
from cercle.simulate.cases import make_cases, play_cases
from cercle.simulate.channels import Context, interactions_table, messages_table
from cercle.simulate.chatter import add_notices, add_sales_calls, add_social, add_visits
from cercle.simulate.config import WorldConfig
from cercle.simulate.consent import make_consents
from cercle.simulate.contacts import bookings_table, contacts_table, surveys_table
from cercle.simulate.counters import calls_table, visits_table
from cercle.simulate.marketing import (
    callbacks_table,
    campaign_events_table,
    campaigns_table,
    page_daily_table,
)
from cercle.simulate.orders import make_orders
from cercle.simulate.people import make_people
from cercle.simulate.privacy import consent_events_table, notices_table, requests_table
from cercle.simulate.records import customers_table, make_records
from cercle.simulate.sales import lines_table, orders_table, stores_table
from cercle.simulate.scripts import Channel
from cercle.simulate.steps import StepLog, Steps
from cercle.simulate.table import Table
from cercle.simulate.truth import Truth, parameters
from cercle.simulate.writers import write_table

__all__ = ["STAGES", "simulate"]

Array = npt.NDArray[Any]
STAGES = 23


def simulate(config: WorldConfig, advance: Callable[[str], None] | None = None) -> dict[str, object]:
    """Make a world and write it.

    Args:
        config: its parameters.
        advance: told the name of each of the STAGES as it begins.

    Returns:
        The counts that also stand in the truth's counts.json.

    Raises:
        CercleError: the folder holds another world, or something else.
    """
    _refuse_other_world(config)
    tell = advance or (lambda stage: None)
    tell("people")
    people = make_people(config)
    records = make_records(config, people)
    accounts = make_accounts(config, people)
    tell("orders")
    orders = make_orders(config, people, records, accounts)
    tell("conversations")
    log = StepLog()
    cases = make_cases(config, people, records, accounts, orders)
    play_cases(config, cases, log)
    add_social(config, people, accounts, orders, log)
    add_notices(config, people, orders, log)
    add_sales_calls(config, people, records, log)
    add_visits(config, people, records, orders, log)
    steps = log.freeze()
    context = Context(config, people, accounts, steps)
    tell("permissions")
    customers = customers_table(config, people, records)
    consents = make_consents(config, people, records, accounts)
    truth = Truth(config, people, accounts, cases, steps)
    call_of = _calls_of(steps, cases.answer_serial)
    # A table is made, written, counted and forgotten: only the plan stays in memory.
    makers: list[Callable[[], Table]] = [
        lambda: customers,
        lambda: accounts_table(config, people, records, accounts),
        lambda: stores_table(config),
        lambda: orders_table(config, people, orders),
        lambda: lines_table(config, orders),
        lambda: visits_table(context, records),
        lambda: interactions_table(context),
        lambda: page_daily_table(context),
        lambda: messages_table(context),
        lambda: campaign_events_table(context, records, consents.bounced),
        lambda: calls_table(context),
        lambda: callbacks_table(context, cases, call_of),
        lambda: contacts_table(context, cases),
        lambda: surveys_table(context, cases, orders, records, truth.openings()),
        lambda: bookings_table(context, records, orders),
        lambda: campaigns_table(config),
        lambda: consent_events_table(config, people, accounts, consents),
        lambda: notices_table(config),
        lambda: requests_table(config, people, records),
    ]
    for make in makers:
        table = make()
        tell(table.name)
        truth.add(table, write_table(config, table))
    return truth.write(orders, records, consents)


def _refuse_other_world(config: WorldConfig) -> None:
    """Two worlds in one folder would be loaded as one: the same world may be written again, no other."""
    landed = [part for part in ("landing", "landing_next") if any((config.out / part).glob("*/*/*"))]
    if not landed:
        return
    try:
        told = json.loads((config.truth_dir / "counts.json").read_text(encoding="utf-8"))["parameters"]
    except (OSError, ValueError, KeyError):
        told = None
    if told != parameters(config):
        raise CercleError(
            "This folder holds another world, or other files",
            where=str(config.out / landed[0]),
            remedy="Give --out an empty folder, or remove what is in it",
            exit_code=EXIT_REFUSED,
        )


def _calls_of(steps: Steps, answers: Array) -> Array:
    """Keep the serials that are calls."""
    channel = steps["channel"]
    return np.where((answers >= 0) & (channel[np.maximum(answers, 0)] == Channel.CALL), answers, -1)
