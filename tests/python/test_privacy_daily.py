"""Figures of every day, retention, and what of the waiting requests needs no judgement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cercle import db
from cercle.privacy.daily_figures import keep_daily_figures
from cercle.privacy.report_figures import read_figures
from cercle.privacy.retention import Retention, apply_retention
from cercle.privacy.standing_requests import answer_stops, read_deadlines
from cercle.settings import Settings
from load_support import note_landing_file, note_load
from projects import World

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
RATES = "customer_count, allowed_count, stopped_count, grant_without_proof_count, allowed_percent"  # of a day


def test_the_publication_keeps_the_figures_of_its_day(world: World) -> None:
    with db.connect(world.settings) as connection:
        figures = read_figures(connection, 30, world.as_of)
    [(day,)] = world.rows("select (%s::timestamptz at time zone 'Europe/Paris')::date", world.as_of)
    kept = world.rows(
        f"select channel, purpose, {RATES} from privacy.consent_daily"
        " where day = %s and customer_count is not null order by channel, purpose",
        day,
    )
    assert kept == [tuple(row.values()) for row in figures["rates"]]
    assert len(kept) > 3
    counted = world.rows(
        "select day::text, channel, purpose, grant_count, stop_count from privacy.consent_daily"
        " where grant_count + stop_count > 0 and day > %s::date - 29 order by day, channel, purpose",
        day,
    )
    assert counted == [
        (row["day"], row["channel"], row["purpose"], row["grant_count"], row["stop_count"])
        for row in figures["days"]
        if row["grant_count"] + row["stop_count"] and row["day"] > (day - timedelta(days=29)).isoformat()
    ]
    assert len(counted) > 3
    requests = world.rows(
        "select kind, open_count, request_count from privacy.requests_daily where day = %s order by kind", day
    )
    assert requests == [(row["kind"], row["open_count"], row["request_count"]) for row in figures["requests"]]


def test_a_later_day_leaves_the_rates_of_an_earlier_one(own_world: World) -> None:
    before = own_world.rows(
        f"select day, channel, purpose, {RATES} from privacy.consent_daily order by 1, 2, 3"
    )
    with db.connect(own_world.settings) as connection:
        connection.execute("update marts.contactability set decision = 'DENY'")
        keep_daily_figures(connection, own_world.as_of + timedelta(days=1))
    after = own_world.rows(
        f"select day, channel, purpose, {RATES} from privacy.consent_daily order by 1, 2, 3"
    )
    assert [row for row in after if row in before] == before
    assert {row[4] for row in after if row not in before and row[3] is not None} == {0}


def test_retention_deletes_what_is_older_than_the_rules_say(database: Settings) -> None:
    folder = database.landing_dir / "store" / "orders"
    folder.mkdir(parents=True)
    long_ago, lately = NOW - timedelta(days=91), NOW - timedelta(days=89)
    with db.connect(database) as connection:
        old = note_load(connection, "store/orders/old.csv", "checked", long_ago)
        note_load(connection, "store/orders/waiting.csv", "quarantined", long_ago)
        young = note_load(connection, "store/orders/young.csv", "released", lately)
        note_landing_file(connection, "../outside.csv", old)
    outside = database.landing_dir.parent / "outside.csv"
    for path in (*(folder / f"{name}.csv" for name in ("old", "waiting", "young")), outside):
        path.write_text("x\n", encoding="utf-8")
    assert apply_retention(database, NOW) == Retention(2, 1, 0)
    assert outside.is_file()
    assert sorted(path.name for path in folder.iterdir()) == ["waiting.csv", "young.csv"]
    with db.connect(database) as connection:
        left = connection.execute("select load_id from ops.rejected_rows").fetchall()
        assert left == [(young,)]
        connection.execute("delete from privacy.policy_rules where jurisdiction = 'HOUSE'")
    assert apply_retention(database, NOW + timedelta(days=3650)) == Retention(0, 0, 0)


def test_records_of_runs_go_but_for_what_says_why_a_delivery_waits(database: Settings) -> None:
    with db.connect(database) as connection:
        waiting = note_load(connection, "store/orders/1.csv", "quarantined", NOW)
        taken = note_load(connection, "store/orders/2.csv", "checked", NOW)
        connection.execute(
            """
            insert into ops.builds (state, as_of, cercle_version, started_at)
            select 'failed', %(now)s, 'x', %(now)s - make_interval(days => age)
            from (values (801), (799)) as ages (age)
            """,
            {"now": NOW},
        )
        connection.execute(
            "insert into ops.build_steps (build_id, step, state) select build_id, 's', 'done' from ops.builds"
        )
        connection.execute(
            """
            insert into ops.build_models (build_id, node_id, status, seconds)
            select build_id, 'n', 'success', 1
            from ops.builds
            """
        )
        connection.execute(
            """
            insert into ops.quality_results (
                border, suite, expectation, relation, load_id, outcome, severity, checked_at
            )
            select 'raw', 'raw.s', 'e', 'r', load_id, 'failed', 'critical', %(now)s - make_interval(days => age)
            from (values (801, %(waiting)s), (801, %(taken)s), (799, %(taken)s)) as results (age, load_id)
            """,
            {"now": NOW, "waiting": waiting, "taken": taken},
        )
        connection.execute(
            """
            insert into ops.quality_statistics (suite, statistic, subject, day, value)
            select 's', 'x', 'k', %(now)s::date - age, 1
            from (values (801), (799)) as ages (age)
            """,
            {"now": NOW},
        )
    assert apply_retention(database, NOW).record_count == 4
    with db.connect(database) as connection:
        left = connection.execute(
            """
            select count(*) filter (where kind = 'model'), count(*) filter (where kind = 'step'),
                count(*) filter (where kind = 'check'), count(*) filter (where kind = 'statistic')
            from (
                select 'model' from ops.build_models
                union all
                select 'step' from ops.build_steps
                union all
                select 'check' from ops.quality_results
                union all
                select 'statistic' from ops.quality_statistics
            ) as records (kind)
            """
        ).fetchone()
        builds = connection.execute("select count(*) from ops.builds").fetchone()
    assert left == (1, 1, 2, 1)
    assert builds == (2,)


def test_an_objection_of_a_known_customer_takes_effect_and_a_restriction_waits(parsed_world: World) -> None:
    settings = parsed_world.settings
    with db.connect(settings) as connection:
        linked = connection.execute(
            """
            select requests.request_key
            from privacy.requests
            inner join identity.members
                on requests.request_key = members.member_key
                and members.kind = 'customer'
                and members.known_to = 'infinity'
            where exists (
                select
                from marts.customer_identifiers as held
                where held.customer_id = members.id and held.identifier_type = 'email'
                    and not held.is_shared and not held.is_role_mailbox
            )
            order by requests.request_key
            limit 2
            """
        ).fetchall()
        assert len(linked) == 2
        connection.execute(
            "update privacy.requests set kind = 'access', closed_at = now() where closed_at is null"
        )
        for (key,), kind in zip(linked, ("objection", "restriction"), strict=True):
            connection.execute(
                "update privacy.requests set kind = %s, closed_at = null, is_extended = false,"
                " received_at = now() - interval '29 days' where request_key = %s",
                (kind, key),
            )
    assert (read_deadlines(settings, 0).open_count, read_deadlines(settings, 10).soon_count) == (2, 2)
    assert vars(answer_stops(settings)) == {"answered_count": 1, "left_count": 0}
    assert vars(answer_stops(settings)) == {"answered_count": 0, "left_count": 0}
    assert read_deadlines(settings, 10).next_keys == (linked[1][0],)
    with db.connect(settings) as connection:
        events = connection.execute(
            "select distinct type from privacy.consent_events where source_system = 'cercle'"
        ).fetchall()
    assert events == [("objection",)]
