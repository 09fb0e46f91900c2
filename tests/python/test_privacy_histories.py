"""Random histories of consent: after whatever has happened, an increment holds the rows that a full refresh gives.

The ledger is filled by the product's own append, and the product's models decide; what identity, orders and
interactions would have said is written into their tables, and logged as they log it (benchmarks/consent_world.py). The
world is narrow: customers merge and part, contact points are replaced and shared, builds fail. The seed is in the name.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import consent_world
import psycopg
import pytest
from consent_world import AS_OF

from cercle import builds, db, dbt_runner
from cercle.load.raw_tables import ensure_raw_tables
from cercle.privacy.ledger import append, make_pending
from cercle.settings import Settings
from cercle.sources import all_contracts
from projects import make_project, query

WORLD = consent_world.World(people=60, seed=1)
CHAIN = [
    "--select",
    "cercle.intermediate.consent",
    "--exclude",
    "int_sales_evidenced",
    "int_engagements_dated",
]
CHAIN += ["int_marketing_calls_listed"]
# What others read, and the columns that tell which rows are one; the moment of an answer is each build's own.
STANDING = {
    "int_consent_events_resolved": "to_jsonb(held)",
    "int_consent_identities_linked": "to_jsonb(held)",
    "int_contact_points_listed": "to_jsonb(held)",
    "int_birth_dates_known": "to_jsonb(held)",
    "int_contacts_decided_1": "to_jsonb(held) - 'decided_as_of'",
    "int_contacts_decided_2": "to_jsonb(held) - 'decided_as_of'",
}
CHANGED = "insert into ops.changed_keys (relation, build_id, kind, key) "
NEXT_BUILD = "(select max(build_id) + 1 from ops.builds)"


class History:
    """A warehouse with consent alone, and what happens in it."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings = settings
        self.chance = random.Random(seed)
        self.event_count = 0
        self.as_of = AS_OF
        self.made = 0
        make_project(settings)
        with db.connect(settings) as connection:
            ensure_raw_tables(connection, all_contracts())
            consent_world.make_notices(connection)
            self._append(connection, 400)
            consent_world.make_inputs(connection, WORLD)
        dbt_runner.run_dbt(settings, "run", ["--select", "config.schema:staging"])
        dbt_runner.run_dbt(settings, "seed", ["--select", "contact_point_channels"])

    def _append(self, connection: psycopg.Connection, count: int) -> None:
        first, self.event_count = self.event_count, self.event_count + count
        pending = make_pending(connection)
        with connection.cursor() as cursor, cursor.copy("copy pending_consent_events from stdin") as copy:
            for row in consent_world.events(WORLD, first, count, is_new=first > 0):
                copy.write_row(row)
        append(connection, pending)

    def happen(self, name: str) -> None:
        """Let something happen, to somebody."""
        steps: dict[str, Callable[[psycopg.Connection], None]] = {
            "events": self._new_events,
            "merge": self._merge,
            "split": self._split,
            "contact_point": self._other_contact_point,
            "crowded": self._crowd,
            "birth_date": self._birth_date,
            "sale": self._sell,
            "call": self._call,
            "rule": self._rule,
            "time": self._pass_time,
        }
        with db.connect(self.settings) as connection:
            steps[name](connection)

    def _new_events(self, connection: psycopg.Connection) -> None:
        first = self.event_count
        self._append(connection, 12)
        consent_world.add_records(connection, first)

    def _customers(self, connection: psycopg.Connection, count: int) -> list[str]:
        rows = connection.execute(
            "select distinct customer_id from intermediate.int_record_customers order by 1"
        )
        return [row[0] for row in self.chance.sample(rows.fetchall(), count)]

    def _move(self, connection: psycopg.Connection, one: str, other: str, share: str) -> None:
        connection.execute(
            f"""
            with moved as (
                update intermediate.int_record_customers
                set customer_id = %(other)s
                where customer_id = %(one)s and {share}
                returning record_key
            )

            {CHANGED}
            select 'int_record_customers', {NEXT_BUILD}, 'record', record_key from moved
            union all
            select 'int_record_customers', {NEXT_BUILD}, 'customer', unnest(array[%(one)s, %(other)s])
            """.encode(),
            {"one": one, "other": other},
        )

    def _merge(self, connection: psycopg.Connection) -> None:
        one, other = self._customers(connection, 2)
        self._move(connection, one, other, "true")

    def _split(self, connection: psycopg.Connection) -> None:
        self.made += 1
        [one] = self._customers(connection, 1)
        self._move(connection, one, f"c_new{self.made}", "hashtext(record_key) %% 2 = 0")

    def _record(self, connection: psycopg.Connection) -> str:
        """A register entry that comes again."""
        number = self.chance.randrange(WORLD.people)
        connection.execute(
            "insert into intermediate.int_records_arrived values (%s)", (f"customers:store:{number}",)
        )
        return f"customers:store:{number}"

    def _other_contact_point(self, connection: psycopg.Connection) -> None:
        """One that somebody else has too."""
        connection.execute(
            """
            update intermediate.int_identifiers_observed as observed
            set identifier_key = others.identifier_key, identifier_value = others.identifier_value
            from (
                select *
                from intermediate.int_identifiers_observed
                where identifier_type = 'email'
                order by md5(identifier_key || %(salt)s)
                limit 1
            ) as others
            where observed.record_key = %(record)s and observed.identifier_type = 'email'
            """,
            {"record": self._record(connection), "salt": str(self.chance.random())},
        )

    def _crowd(self, connection: psycopg.Connection) -> None:
        """A value turns out to be everybody's."""
        number = self.chance.randrange(WORLD.people)
        connection.execute(
            """
            update intermediate.int_identifiers_guarded
            set sharing = 'bad'
            where identifier_key in (
                select identifier_key from intermediate.int_identifiers_observed where record_key = %s
            )
            """,
            (f"customers:store:{number}",),
        )
        connection.execute("comment on table intermediate.int_identifiers_guarded is null")

    def _birth_date(self, connection: psycopg.Connection) -> None:
        connection.execute(
            "insert into intermediate.int_identity_values (record_key, attribute, value, is_current) "
            "values (%s, 'birth_date', '2015-05-05', true)",
            (self._record(connection),),
        )

    def _sell(self, connection: psycopg.Connection) -> None:
        connection.execute(
            f"""
            with gone as (
                delete from intermediate.int_sales_evidenced where sale_id = (
                    select sale_id from intermediate.int_sales_evidenced order by md5(sale_id || %s) limit 1
                )
                returning identity
            )

            {CHANGED}
            select 'int_sales_evidenced', {NEXT_BUILD}, 'customer', identity from gone
            """.encode(),
            (str(self.chance.random()),),
        )

    def _call(self, connection: psycopg.Connection) -> None:
        self.made += 1
        connection.execute(
            f"""
            with called as (
                insert into intermediate.int_marketing_calls_listed
                select
                    ledger, call_key || '-{self.made}-' || call, contact_point,
                    %(as_of)s - call * interval '1 day', %(as_of)s - call * interval '1 day'
                from (
                    select * from intermediate.int_marketing_calls_listed order by md5(call_key || %(salt)s) limit 1
                ) as calls
                cross join generate_series(1, 5) as call
                returning contact_point
            )

            {CHANGED}
            select distinct 'int_marketing_calls_listed', {NEXT_BUILD}, 'contact_point', contact_point from called
            """.encode(),
            {"as_of": self.as_of, "salt": str(self.chance.random())},
        )

    def _rule(self, connection: psycopg.Connection) -> None:
        connection.execute(
            "update privacy.policy_rules set conditions = conditions || '{\"retention_months\": 12}' "
            "where conditions ? 'retention_months'"
        )

    def _pass_time(self, _: psycopg.Connection) -> None:
        self.as_of += timedelta(days=self.chance.choice((1, 30, 200)))

    def build(self, is_published: bool = True, is_compared: bool = False) -> None:
        """Decide; where it compares, a full refresh must hold the same rows."""
        self.as_of += timedelta(days=1)
        build = builds.start_build(self.settings, self.as_of)
        self._run(build, build.is_full_refresh)
        if is_compared:
            self._keep("incremental")
            self._run(build, is_full_refresh=True)
            self._keep("full_refresh")
            assert {name: self._differing(name) for name in STANDING} == dict.fromkeys(STANDING, 0)
        if not is_published:
            builds.fail_build(self.settings, build.build_id, "A test's.")
            return
        with db.connect(self.settings) as connection:
            self._publish(connection, build.build_id)

    def _run(self, build: builds.Build, is_full_refresh: bool) -> None:
        full = ["--full-refresh"] if is_full_refresh else []
        dbt_runner.run_dbt(self.settings, "run", [*CHAIN, *full], build.build_id)

    def _publish(self, connection: psycopg.Connection, build_id: int) -> None:
        """What publication writes that the next build reads: who is who now, and since when."""
        connection.execute("update ops.builds set state = 'published' where build_id = %s", (build_id,))
        [(publication_id,)] = connection.execute(
            "insert into ops.publications (build_id, as_of) values (%s, %s) returning publication_id",
            (build_id, self.as_of),
        ).fetchall()
        names = {"publication": publication_id, "as_of": self.as_of}
        connection.execute(
            "insert into identity.ids (kind, id, minted_from, generation, created_publication_id, created_at) "
            "select distinct 'customer', customer_id, customer_id, 0, %(publication)s::bigint, %(as_of)s::timestamptz "
            "from intermediate.int_record_customers on conflict do nothing",
            names,
        )
        connection.execute(
            """
            update identity.members
            set known_to = %(as_of)s, to_publication_id = %(publication)s
            from intermediate.int_record_customers as now
            where members.known_to = 'infinity'
                and members.member_key = now.record_key
                and members.id <> now.customer_id
            """,
            names,
        )
        connection.execute(
            """
            insert into identity.members (kind, member_key, id, valid_from, known_from, from_publication_id)
            select 'customer', now.record_key, now.customer_id, now.valid_from, %(as_of)s, %(publication)s
            from intermediate.int_record_customers as now
            where not exists (
                select from identity.members where known_to = 'infinity' and member_key = now.record_key
            )
            """,
            names,
        )
        connection.execute("delete from intermediate.int_records_arrived")

    def _keep(self, name: str) -> None:
        with db.connect(self.settings, autocommit=True) as connection:
            for table, content in STANDING.items():
                connection.execute(f"drop table if exists public.{table}_{name}".encode())
                connection.execute(
                    f"create table public.{table}_{name} as "
                    f"select {content} as content from intermediate.{table} as held".encode()
                )

    def _differing(self, table: str) -> int:
        one, other = (f"table public.{table}_{name}" for name in ("incremental", "full_refresh"))
        [(count,)] = query(
            self.settings,
            f"select count(*) from (({one} except all {other}) union all ({other} except all {one})) as found",
        )
        return int(count)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "seed",
    [pytest.param(1), *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, 4, 5))],
)
def test_increments_hold_what_a_full_refresh_gives(database: Settings, seed: int) -> None:
    with dbt_runner.warm_dbt(database):
        history = History(database, seed)
        history.build()
        happenings = [
            "merge",
            "split",
            "contact_point",
            "crowded",
            "birth_date",
            "sale",
            "call",
            "time",
            "merge",
        ]
        history.chance.shuffle(happenings)
        happenings.insert(history.chance.randrange(5, len(happenings)), "rule")
        for number, name in enumerate(happenings, start=1):
            history.happen("events")
            history.happen(name)
            # Some builds fail, and what they changed is the next one's to know.
            history.build(is_published=number % 3 != 2, is_compared=number in (5, len(happenings)))
    assert query(database, "select count(*) from ops.builds where is_full_refresh") == [(0,)]
    assert query(database, "select count(*) > 100 from intermediate.int_contacts_decided_1") == [(True,)]
