"""An increment of contactability asks who has another fact than before, and gives what a full refresh gives."""

from __future__ import annotations

from datetime import datetime, timedelta

from cercle import builds, db, dbt_runner
from cercle.settings import Settings
from projects import World

# Facts of a few persons change, as the models before these would have it and log it, and the ledger hears of one more.
CHANGES = """
create temporary table chosen as
select customer_id, min(evidence_event_id) as event_id, row_number() over (order by customer_id) as number
from marts_build.contactability
inner join privacy.consent_events on consent_events.event_id = contactability.evidence_event_id
where basis = 'CONSENT' and identity_key is not null
group by customer_id
order by customer_id
limit 7;

create temporary table changed (kind text, key text);

-- The second one turns out to be the first.
insert into changed
select 'record', record_key
from intermediate.int_record_customers inner join chosen using (customer_id)
where number = 2;
insert into changed
select 'customer', customer_id from chosen where number in (1, 2);
update intermediate.int_record_customers
set customer_id = (select customer_id from chosen where number = 1)
where customer_id = (select customer_id from chosen where number = 2);

-- The third bought nothing, the fourth has not been heard of.
insert into changed
select 'customer', customer_id from chosen where number in (3, 4);
delete from intermediate.int_sales_evidenced
where identity = (select customer_id from chosen where number = 3);
delete from intermediate.int_engagements_dated
where identity = (select customer_id from chosen where number = 4);

-- A number of the fifth is another one, and the seventh was a child then.
insert into intermediate.int_records_arrived
select record_key
from intermediate.int_record_customers inner join chosen using (customer_id)
where number in (5, 7);
update intermediate.int_identifiers_observed
set identifier_key = identifier_key || 'x'
where record_key in (
    select record_key
    from intermediate.int_record_customers
    inner join chosen using (customer_id)
    where number = 5
);
insert into intermediate.int_identity_values
select (jsonb_populate_record(identity_values, jsonb_build_object('attribute', 'birth_date', 'value', '2020-01-01'))).*
from intermediate.int_identity_values as identity_values
where is_current
    and record_key = (
        select min(record_key)
        from intermediate.int_record_customers
        inner join chosen using (customer_id)
        where number = 7 and is_profile
    )
limit 1;

-- The sixth withdrew.
insert into privacy.consent_events (
    ledger, position, event_id, source_name, source_system, source_event_id, identity_key, contact_point_key,
    contact_point_kind, channel, type, occurred_at, recorded_at, actor, content_hash, previous_hash, row_hash
)
select
    ledger, (select max(position) + 1 from privacy.consent_events), 'e_withdrawn', source_name, source_system,
    'withdrawn', identity_key, contact_point_key, contact_point_kind, channel, 'consent_withdrawn',
    recorded_at + interval '1 second', recorded_at + interval '1 second', 'subject', 'a', 'b', 'c'
from privacy.consent_events
where event_id = (select event_id from chosen where number = 6);

-- A number that may be called was called, as often as it may be.
insert into changed
select 'contact_point', points.contact_point
from marts_build.contactability as decided
inner join intermediate.int_contact_points_listed as points using (customer_id, contact_point_key)
where decided.channel = 'phone_call' and decided.decision = 'ALLOW'
order by points.contact_point
limit 1;
insert into intermediate.int_marketing_calls_listed (ledger, call_key, contact_point, called_at, known_from)
select 'main', 'calls:' || call, key, ops.as_of() - call * interval '1 day', ops.as_of() - call * interval '1 day'
from changed
cross join generate_series(1, 9) as call
where kind = 'contact_point';

insert into ops.changed_keys (relation, build_id, kind, key)
select 'test', (select max(build_id) + 1 from ops.builds), kind, key from changed
"""


def decide(settings: Settings, as_of: datetime, is_full_refresh: bool = False) -> None:
    """Run the consent models as one build that is not published."""
    build = builds.start_build(settings, as_of, full_refresh=is_full_refresh)
    select = ["--select", "cercle.intermediate.consent", "--exclude"]
    written_here = ["int_sales_evidenced", "int_engagements_dated", "int_marketing_calls_listed"]
    how = ["--full-refresh"] if is_full_refresh else []
    dbt_runner.run_dbt(settings, "run", [*select, *written_here, *how], build.build_id)
    builds.fail_build(settings, build.build_id, "A test's.")


def keep(world: World, name: str) -> None:
    """Keep the answers that stand under a name, with the transaction that wrote each."""
    with db.connect(world.settings, autocommit=True) as connection:
        connection.execute(
            f"create table public.{name} as "
            "select xmin::text as written_by, decided.* from intermediate.int_contacts_decided_1 as decided "
            "union all "
            "select xmin::text as written_by, decided.* from intermediate.int_contacts_decided_2 as decided".encode()
        )


def differing(world: World, left: str, right: str) -> int:
    """Count the answers that one has otherwise than the other, whenever they were given."""
    rest = "to_jsonb(answers) - 'decided_as_of' - 'written_by'"
    [(count,)] = world.rows(
        f"with one as (select {rest} from public.{left} as answers), "
        f"other as (select {rest} from public.{right} as answers) "
        "select count(*) from "
        "((table one except all table other) union all (table other except all table one)) as found"
    )
    return int(count)


def test_an_increment_gives_what_a_full_refresh_gives(own_world: World) -> None:
    settings, as_of = own_world.settings, own_world.as_of
    keep(own_world, "before")
    decide(settings, as_of)
    keep(own_world, "unchanged")
    with db.connect(settings, autocommit=True) as connection:
        connection.execute(CHANGES.encode())
    decide(settings, as_of)
    keep(own_world, "incremental")
    decide(settings, as_of, is_full_refresh=True)
    keep(own_world, "full_refresh")

    [(rewritten,)] = own_world.rows(
        "select count(*) from public.unchanged where written_by not in (select written_by from public.before)"
    )
    [(asked_again, customers)] = own_world.rows(
        "select count(distinct customer_id), (select count(distinct customer_id) from public.incremental) "
        "from public.incremental where written_by not in (select written_by from public.unchanged)"
    )
    reasons = dict(
        own_world.rows(
            "select reason, count(*) from public.incremental "
            "where written_by not in (select written_by from public.unchanged) group by reason"
        )
    )
    assert rewritten == 0
    assert {"WITHDRAWN", "CALL_CAP", "MINOR_NO_GUARDIAN"} <= reasons.keys()
    assert 6 <= asked_again <= 14 < customers / 10
    assert differing(own_world, "unchanged", "incremental") > 10
    assert differing(own_world, "incremental", "full_refresh") == 0


def test_time_alone_is_an_increment_too(own_world: World) -> None:
    """Terms run out, and what was recorded for later comes true: for these alone."""
    settings, later = own_world.settings, own_world.as_of + timedelta(days=200)
    keep(own_world, "before")
    decide(settings, later)
    keep(own_world, "incremental")
    decide(settings, later, is_full_refresh=True)
    keep(own_world, "full_refresh")
    [(kept,)] = own_world.rows(
        "select count(*) from public.incremental where written_by in (select written_by from public.before)"
    )
    assert kept > 100
    assert differing(own_world, "before", "incremental") > 10
    assert differing(own_world, "incremental", "full_refresh") == 0
