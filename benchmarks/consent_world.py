"""A made-up ledger of many people for bench_consent.py: the same seed gives the same events. Nobody in it exists.

Persons are numbers. What identity would have found out about them (whose record, whose contact point) and what they
bought and did is written in SQL by the same numbers, straight into the tables that the consent models read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import uuid4

import psycopg

from cercle.privacy.ledger import PENDING

__all__ = ["AS_OF", "World", "add_records", "events", "make_inputs", "make_notices"]

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
_YEARS = timedelta(days=5 * 365)
_NEW = timedelta(days=1)
_LONGEST_DELAY = timedelta(days=60)

# Share of each type among the events, in parts of a thousand.
_TYPES = {
    "consent_given": 560,
    "doi_confirmed": 90,
    "guardian_consent": 5,
    "consent_not_given": 40,
    "consent_refused": 50,
    "consent_withdrawn": 110,
    "objection": 20,
    "informed_optout_offered": 55,
    "call_refused": 10,
    "restriction_on": 2,
    "restriction_off": 1,
    "contact_point_verified": 8,
    "contact_point_replaced": 5,
    "contact_point_released": 3,
    "hard_bounce": 35,
    "annulment": 5,
    "erasure_executed": 1,
}
# A contact point of each kind is held by so many people in ten.
_HOLDERS = {"email": 9, "tel": 8, "addr": 3, "social": 1}
_USES = {
    "email": [
        ("email", "direct_marketing"),
        ("email", "marketing_profiling"),
        ("email", "partner_prospecting"),
    ],
    "tel": [("sms", "direct_marketing"), ("phone_call", "direct_marketing"), ("sms", "marketing_profiling")],
    "addr": [("postal", "direct_marketing"), ("postal", "marketing_profiling")],
    "social": [("social_audience", "audience_matching")],
}
_METHODS = ["web_form", "paper_form", "call", "app", "bulk_import", "preticked"]


@dataclass(frozen=True)
class World:
    """How large, and which.

    Attributes:
        people: customers.
        seed: of the random numbers.
    """

    people: int
    seed: int


def events(world: World, first: int, count: int, is_new: bool = False) -> Iterator[tuple[object, ...]]:
    """Yield rows of `ledger.PENDING`.

    Args:
        world: whose events.
        first: number of the first one; numbers make the source event ids.
        count: how many.
        is_new: they became known in the day after AS_OF; else in the years before.
    """
    random = Random(f"{world.seed} {first}")  # noqa: S311
    types = random.choices(list(_TYPES), list(_TYPES.values()), k=count)
    names = list(PENDING)
    # What a confirmation or an annulment may refer to.
    given: list[tuple[int, dict[str, object]]] = []
    for number, kind in enumerate(types, start=first):
        person = random.randrange(world.people)
        if kind in ("doi_confirmed", "guardian_consent", "annulment") and given:
            before, original = random.choice(given)
            event = {
                **_about(original),
                "reference_source_system": original["source_system"],
                "reference_source_event_id": original["source_event_id"],
                "source_system": original["source_system"],
                "source_event_id": f"{before}-{number}",
            }
            person = before
        else:
            event = _event(random, person, number)
        event |= {"type": kind, "source_name": "privacy", "ledger": "main", **_times(random, is_new)}
        _shape(random, event, person)
        if kind == "consent_given":
            given.append((person, event))
            del given[:-2000]
        yield tuple(event.get(name) for name in names)


def _event(random: Random, person: int, number: int) -> dict[str, object]:
    kind = random.choice([each for each in _HOLDERS if _holds(person, each)])
    channel, purpose = random.choice(_USES[kind])
    account = random.randrange(2)
    return {
        "source_system": ("crm", "shop")[account],
        "source_event_id": f"{person}-{number}",
        "identity_key": _key(f"ref {person} {account}"),
        "contact_point_key": _point(kind, person),
        "contact_point_kind": kind,
        "channel": channel,
        "purpose": purpose,
        "actor": "subject",
        "method": random.choices(_METHODS, [40, 20, 15, 20, 3, 2])[0],
        "notice_id": "N",
        "notice_version": random.choices(["1", "2", "3"], [55, 35, 10])[0],
        "is_explicit": False,
        "is_double_opt_in": channel == "email" and random.random() < 0.3,
        "evidence_sha256": _key(f"proof {number}") if random.random() < 0.97 else None,
        "language": "fr",
    }


def _about(event: dict[str, object]) -> dict[str, object]:
    names = ("identity_key", "contact_point_key", "contact_point_kind", "channel", "purpose")
    return {name: event[name] for name in names}


def _times(random: Random, is_new: bool) -> dict[str, object]:
    """Most are recorded at once, some late, and a few are said to lie ahead."""
    recorded_at = AS_OF + _NEW * random.random() if is_new else AS_OF - _YEARS * random.random()
    lot = random.random()
    if lot < 0.90:
        delay = timedelta(minutes=random.randrange(60))
    elif lot < 0.99:
        delay = _LONGEST_DELAY * random.random()
    else:
        delay = -timedelta(minutes=random.randrange(30))
    return {"occurred_at": recorded_at - delay, "recorded_at": recorded_at}


def _shape(random: Random, event: dict[str, object], person: int) -> None:
    match event["type"]:
        case "objection":
            event |= {"channel": None, "purpose": None}
        case "consent_withdrawn" if random.random() < 0.3:
            event["purpose"] = None
        case (
            "hard_bounce"
            | "contact_point_released"
            | "restriction_on"
            | "restriction_off"
            | "erasure_executed"
        ):
            event |= {"purpose": None, "actor": "system"}
        case "guardian_consent":
            event["actor"] = "guardian"
        case "contact_point_replaced":
            kind = str(event["contact_point_kind"])
            event |= {
                "from_contact_point_key": _key(f"old {kind} {person}"),
                "to_contact_point_key": event["contact_point_key"],
                "contact_point_key": None,
                "contact_point_kind": None,
                "purpose": None,
            }


def _holds(person: int, kind: str) -> bool:
    # Everybody has a mailbox or a telephone.
    return (person * 7 + len(kind)) % 10 < _HOLDERS[kind] or (kind == "tel" and not _holds(person, "email"))


def _point(kind: str, person: int) -> str:
    return _key(f"{kind} {person}")


def _key(text: str) -> str:
    """A stand-in for a keyed pseudonym; `make_inputs` has it in SQL."""
    return hashlib.sha256(text.encode()).hexdigest()


def make_notices(connection: psycopg.Connection) -> None:
    """Write three versions of a notice, the last one invalid, and what they cover."""
    connection.execute(
        """
        with

        versions as (
            insert into privacy.notice_versions (
                notice_id, notice_version, recorded_at, language, wording_sha256, valid_from, valid_to,
                invalidated_from, invalidation_known_at, content_hash
            )
            select 'N', version, '2020-01-01Z', 'fr', version, '2020-01-01Z', null, invalid_from, invalid_from, version
            from (values ('1', null), ('2', null), ('3', timestamptz '2026-01-01Z')) as notices (version, invalid_from)
            returning notice_version_id
        ),

        recipients as (
            insert into privacy.notice_recipients (notice_version_id, recipient)
            select notice_version_id, recipient
            from versions
            cross join (values ('partner one'), ('partner two')) as partners (recipient)
        )

        insert into privacy.notice_coverage (notice_version_id, channel, purpose)
        select notice_version_id, channel, purpose
        from versions
        cross join (
            values
            ('email', 'direct_marketing'),
            ('email', 'marketing_profiling'),
            ('email', 'partner_prospecting'),
            ('sms', 'direct_marketing'),
            ('sms', 'marketing_profiling'),
            ('phone_call', 'direct_marketing'),
            ('postal', 'direct_marketing'),
            ('social_audience', 'audience_matching')
        ) as covered (channel, purpose)
        """
    )


def make_inputs(connection: psycopg.Connection, world: World) -> None:
    """Write what the models of identity, orders and interactions would have given for the events of the ledger.

    Args:
        connection: the ledger must hold all events already; the tables are made anew.
        world: as for `events`.
    """
    for name, query in _INPUTS.items():
        connection.execute(f"drop table if exists intermediate.{name}".encode())
        connection.execute(
            f"create table intermediate.{name} as {query.format(people=world.people)}".encode()
        )
        connection.execute(f"analyze intermediate.{name}".encode())
        _sign(connection, name)
    connection.execute("create unique index on intermediate.int_record_customers (record_key)")
    connection.execute("create index on intermediate.int_record_customers (customer_id)")
    connection.execute("create index on intermediate.int_sales_evidenced (identity)")
    connection.execute("create index on intermediate.int_engagements_dated (identity)")


def add_records(connection: psycopg.Connection, first: int) -> None:
    """Write what these models would add for later events, and whose rows are others then, as they log it.

    Args:
        connection: the ledger must hold the events already.
        first: position of the first of them.
    """
    connection.execute(
        f"""
        with

        added as (
            insert into intermediate.int_record_customers
            select * from ({_EVENT_RECORDS.format(f"where position >= {first}")}) as records
            on conflict do nothing
            returning record_key, customer_id
        ),

        arrived as (
            insert into intermediate.int_records_arrived select record_key from added
        )

        insert into ops.changed_keys (relation, build_id, kind, key)
        select 'int_record_customers', (select max(build_id) + 1 from ops.builds), changed.kind, changed.key
        from (
            select 'record' as kind, record_key as key from added
            union
            select 'customer' as kind, customer_id as key from added
        ) as changed
        """.encode()
    )
    connection.execute("analyze intermediate.int_records_arrived")
    _sign(connection, "int_record_customers")


def _sign(connection: psycopg.Connection, name: str) -> None:
    """Say that a table holds what none ever held, as the macro sign_table does."""
    connection.execute(f"comment on table intermediate.{name} is 'Made from 0, holds {uuid4()}.'".encode())


_POINT_KEY = "encode(sha256(convert_to(kind || ' ' || person, 'UTF8')), 'hex')"
_HELD_POINTS = f"""
    select
        person,
        case kind when 'email' then 'email' when 'tel' then 'phone' else 'account_ref' end as identifier_type,
        {_POINT_KEY} as identifier_key
    from generate_series(0, {{people}} - 1) as person
    cross join (values ('email', 9), ('tel', 8), ('social', 1)) as kinds (kind, holders)
    where (person * 7 + length(kind)) % 10 < holders
        or (kind = 'tel' and (person * 7 + length('email')) % 10 >= 9)
"""
# One person in two hundred has taken in the records of the next one.
_CUSTOMER = "'c_' || case when {0} % 200 = 1 then {0} - 1 else {0} end"
_MOMENT = (
    "timestamptz '2021-11-01Z' + (hashint8extended({0}, 1) & 1048575) / 1048575.0 * interval '1825 days'"
)

_EVENT_RECORDS = f"""
    select
        'consent_events:privacy:' || source_system || ':' || source_event_id as record_key,
        {_CUSTOMER.format("split_part(min(source_event_id), '-', 1)::bigint")} as customer_id,
        'consent_events'::text as entity,
        'privacy'::text as source_name,
        false as is_profile,
        min(recorded_at) as valid_from
    from privacy.consent_events
    {{}}
    group by source_system, source_event_id
"""
_INPUTS = {
    "int_records_arrived": "select ''::text as record_key limit 0",
    "int_record_customers": f"""
        {_EVENT_RECORDS.format("")}
        union all
        select
            'customers:store:' || person,
            {_CUSTOMER.format("person")},
            'customers',
            'store',
            true,
            timestamptz '2021-11-01Z'
        from generate_series(0::bigint, {{people}} - 1) as person
    """,
    "int_identifiers_observed": f"""
        select
            'customers:store:' || person as record_key,
            identifier_type,
            identifier_key as identifier_value,
            identifier_key,
            true as is_current
        from ({_HELD_POINTS}) as held
    """,
    "int_identifiers_guarded": f"""
        select identifier_type, identifier_key as identifier_value, identifier_key, 'own'::text as sharing
        from ({_HELD_POINTS}) as held
    """,
    "int_identity_values": """
        select
            'customers:store:' || person as record_key,
            'birth_date'::text as attribute,
            (date '1950-01-01' + (person * 37 % 23000)::integer)::text as value,
            true as is_current
        from generate_series(0::bigint, {people} - 1) as person
        where person % 3 = 0
    """,
    "int_sales_evidenced": f"""
        select
            'main'::text as ledger,
            'orders:store:' || sale as sale_id,
            {_CUSTOMER.format("person")} as identity,
            {_POINT_KEY} as contact_point,
            'seller'::text as controller,
            (array['garden', 'kitchen', 'toys'])[1 + sale % 3] as product_family,
            'completed'::text as status,
            sale % 4 <> 0 as is_collected_from_subject,
            sale % 5 <> 0 as is_optout_offered,
            occurred_at,
            occurred_at as known_from
        from (
            select sale, sale * 13 % {{people}} as person, 'email' as kind, {_MOMENT.format("sale")} as occurred_at
            from generate_series(1::bigint, {{people}} / 2) as sale
        ) as sales
    """,
    "int_engagements_dated": f"""
        select
            'main'::text as ledger,
            'interactions:' || act as record_key,
            {_CUSTOMER.format("(act * 17 % {people})")} as identity,
            (array['purchase', 'click', 'inbound_call', 'inbound_message'])[1 + act % 4] as kind,
            {_MOMENT.format("act")} as occurred_at,
            {_MOMENT.format("act")} as known_from
        from generate_series(1::bigint, {{people}} * 3) as act
    """,
    "int_marketing_calls_listed": f"""
        select
            'main'::text as ledger,
            'calls:' || call as call_key,
            {_POINT_KEY} as contact_point,
            timestamptz '2026-10-01Z' + (call % 31) * interval '1 day' as called_at,
            timestamptz '2026-10-01Z' + (call % 31) * interval '1 day' as known_from
        from (
            select call, call * 7 % ({{people}} / 20 + 1) as person, 'tel' as kind
            from generate_series(1::bigint, {{people}} / 4) as call
        ) as calls
    """,
}
