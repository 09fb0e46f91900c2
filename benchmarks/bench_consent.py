"""Measures consent at size: the ledger's append, all decisions, and those that 1 % of new events ask for again.

    make bench-consent                  1,000,000 events of 300,000 people; about 2,000,000 questions
    make bench-consent ARGS='--events 50000 --people 15000'

The ledger is filled by the product's own append, and the product's own dbt models decide. What identity, orders and
interactions would have said is written straight into the tables that they make (consent_world.py). It works in a
database of its own on the server of CERCLE_HOME or CERCLE_DSN, dropped at the end, and prints JSON: seconds from the
first model's start to the last one's end, and those of each model. It exits with 1 when a median misses its bar, or
when the increment is not what a full refresh gives.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import Any

import consent_world
from bench_database import bench_database
from consent_world import AS_OF, World

from cercle import builds, db, dbt_runner
from cercle.load.raw_tables import ensure_raw_tables
from cercle.privacy.ledger import append, make_pending
from cercle.project import create_project
from cercle.settings import Settings
from cercle.sources import all_contracts

# From the ledger to the mart: all consent models but those that the benchmark writes in their place.
CHAIN = ["--select", "cercle.intermediate.consent", "contactability", "--exclude"]
CHAIN += ["int_sales_evidenced", "int_engagements_dated", "int_marketing_calls_listed"]
BARS = {"ledger append": 40, "all decisions": 90, "1 % new": 5}


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--repeat", type=int, default=1, help="ledgers made anew; medians are taken")
    arguments = parser.parse_args()
    world = World(arguments.people, arguments.seed)
    measured = []
    for _ in range(arguments.repeat):
        with bench_database("consent") as settings:
            measured.append(_measure(settings, world, arguments.events))
    medians = {name: round(median(one["seconds"][name] for one in measured), 1) for name in BARS}
    document = {
        "events": arguments.events,
        "people": arguments.people,
        "seed": arguments.seed,
        "load_average": os.getloadavg()[0],
        "medians": medians,
        "bars": BARS,
        "runs": measured,
    }
    print(json.dumps(document, indent=2))
    is_equal = all(one["rows that a full refresh gives otherwise"] == 0 for one in measured)
    sys.exit(not is_equal or any(medians[name] > bar for name, bar in BARS.items()))


def _measure(settings: Settings, world: World, event_count: int) -> dict[str, Any]:
    create_project(settings)
    new_count = event_count // 100
    with db.connect(settings) as connection:
        ensure_raw_tables(connection, all_contracts())
        consent_world.make_notices(connection)
        append_seconds = _append(connection, world, 0, event_count)
        consent_world.make_inputs(connection, world)
    dbt_runner.run_dbt(settings, "run", ["--select", "config.schema:staging"])
    dbt_runner.run_dbt(settings, "seed", ["--select", "contact_point_channels"])
    first = _decide(settings, AS_OF, is_full_refresh=True)
    with db.connect(settings) as connection:
        increment_seconds = _append(connection, world, event_count, new_count)
        consent_world.add_records(connection, event_count)
    later = AS_OF + timedelta(days=1)
    increment = _decide(settings, later, is_full_refresh=False)
    differing = _differing(settings, lambda: _decide(settings, later, is_full_refresh=True))
    return {
        "questions": differing["questions"],
        "decided again": differing["decided again"],
        "seconds": {
            "ledger append": append_seconds,
            "append of 1 %": increment_seconds,
            "all decisions": first["all"],
            "1 % new": increment["all"],
        },
        "rows that a full refresh gives otherwise": differing["rows"],
        "models, all decisions": first,
        "models, 1 % new": increment,
    }


def _append(connection: Any, world: World, first: int, count: int) -> float:
    """Append events, and return the seconds that the product's own part took."""
    pending = make_pending(connection)
    with connection.cursor() as cursor, cursor.copy("copy pending_consent_events from stdin") as copy:
        for row in consent_world.events(world, first, count, is_new=first > 0):
            copy.write_row(row)
    connection.execute("analyze pending_consent_events")
    begin = time.monotonic()
    append(connection, pending)
    connection.execute("analyze privacy.consent_events")
    connection.commit()
    return round(time.monotonic() - begin, 1)


def _decide(settings: Settings, as_of: Any, is_full_refresh: bool) -> dict[str, float]:
    """Build the chain as a build that is then published, and return the seconds of each model, and of all."""
    build = builds.start_build(settings, as_of, full_refresh=is_full_refresh)
    moments: list[float] = []
    arguments = [*CHAIN, *(["--full-refresh"] if is_full_refresh else [])]
    found = dbt_runner.run_dbt(
        settings, "run", arguments, build.build_id, lambda _: moments.append(time.monotonic())
    )
    with db.connect(settings, autocommit=True) as connection:
        connection.execute(
            """
            with published as (
                update ops.builds set state = 'published' where build_id = %s returning build_id, as_of
            )

            insert into ops.publications (build_id, as_of) select build_id, as_of from published
            """,
            (build.build_id,),
        )
    seconds = {node.name: round(node.seconds, 2) for node in found.nodes}
    return {"all": round(moments[-1] - moments[0], 1), **seconds}


def _differing(settings: Settings, decide_all: Callable[[], object]) -> dict[str, int]:
    """Count the rows that the increment and a full refresh have otherwise, in both directions."""
    with db.connect(settings, autocommit=True) as connection:
        connection.execute("create table public.incremental as table marts_build.contactability")
        decide_all()
        row = connection.execute(
            """
            with

            incremental as (
                select to_jsonb(mart) - 'decided_as_of' as content from public.incremental as mart
            ),

            full_refresh as (
                select to_jsonb(mart) - 'decided_as_of' as content from marts_build.contactability as mart
            ),

            differing as (
                (select content from incremental except all select content from full_refresh)
                union all
                (select content from full_refresh except all select content from incremental)
            )

            select
                (select count(*) from incremental),
                (select count(*) from public.incremental where decided_as_of > %s),
                (select count(*) from differing)
            """,
            (AS_OF,),
        ).fetchone()
    questions, decided_again, differing = row or (0, 0, 0)
    return {"questions": questions, "decided again": decided_again, "rows": differing}


if __name__ == "__main__":
    main()
