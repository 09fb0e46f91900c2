"""SQL of `cercle.privacy.intake`: events from the views of `cercle.privacy.fed_events` to the ledger, set by set."""

from __future__ import annotations

from typing import LiteralString

__all__ = [
    "ADMITTED",
    "FEEDS",
    "LOADS_TAKEN_IN",
    "NEW_LOADS",
    "REGISTER_IDENTITIES",
    "REGISTER_POINTS",
    "UNKEYED_CAMPAIGN_IDENTITIES",
    "UNKEYED_IDENTITIES",
    "UNKEYED_POINTS",
]

ADMITTED: LiteralString = """
create temporary table admitted_consent_loads on commit drop as
select load_id
from ops.admitted_loads
"""

# Deliveries that were never taken in; and, where one was withdrawn, those of its source, which may have brought the
# same rows too.
NEW_LOADS: LiteralString = """
create temporary table new_consent_loads on commit drop as
select admitted.load_id
from pg_temp.admitted_consent_loads as admitted
inner join ops.loads on admitted.load_id = loads.load_id
where (loads.plugin, loads.entity) in (select feeds.plugin, feeds.entity from pg_temp.ledger_feeds as feeds)
    and (
        not exists (
            select 1
            from privacy.ledger_loads
            where ledger_loads.ledger = 'main' and ledger_loads.load_id = admitted.load_id
        )
        or exists (
            select 1
            from privacy.ledger_loads
            inner join ops.loads as gone on gone.source = loads.source and gone.entity = loads.entity
            where ledger_loads.ledger = 'main'
                and ledger_loads.load_id = admitted.load_id
                and gone.state in ('withdrawn', 'quarantined')
                and gone.state_changed_at > ledger_loads.appended_at
        )
    )
"""

UNKEYED_IDENTITIES: LiteralString = """
select distinct
    events.source_system,
    events.source_ref
from pg_temp.fed_consent_events as events
inner join pg_temp.new_consent_loads as loads on events._load_id = loads.load_id
where events.source_ref is not null
    and not exists (
        select 1
        from ops.normalised_values as known
        where known.value_type = 'source_identity'
            and known.region = events.source_system
            and known.original_hash = md5(events.source_ref)::uuid
    )
"""

UNKEYED_CAMPAIGN_IDENTITIES: LiteralString = """
select distinct
    coalesce(events.customer_source, events._source) as source_system,
    events.customer_ref
from pg_temp.fed_campaign_events as events
inner join pg_temp.new_consent_loads as loads on events._load_id = loads.load_id
where events.customer_ref is not null
    and (events.kind in ('complaint', 'unsubscribe') or (events.kind = 'bounce' and events.bounce_type = 'hard'))
    and not exists (
        select 1
        from ops.normalised_values as known
        where known.value_type = 'source_identity'
            and known.region = coalesce(events.customer_source, events._source)
            and known.original_hash = md5(events.customer_ref)::uuid
    )
"""

UNKEYED_POINTS: LiteralString = """
select distinct
    '' as region,
    events.{column}
from pg_temp.fed_consent_events as events
inner join pg_temp.new_consent_loads as loads on events._load_id = loads.load_id
where events.{column} is not null
    and not exists (
        select 1
        from ops.normalised_values as known
        where known.value_type in ('contact_point', 'contact_point_unread')
            and known.region = ''
            and known.original_hash = md5(events.{column})::uuid
            and known.value_key is not null
    )
"""


def _code(column: LiteralString) -> LiteralString:
    """SQL for a code as it is; a value that does not look like one (in the wrong column, say) is not kept."""
    return (
        "case when events."
        + column
        + " ~ '^[a-z0-9_]{1,40}$' then events."
        + column
        + " when events."
        + column
        + " is not null then '(unreadable)' end"
    )


def _kind(column: LiteralString) -> LiteralString:
    """SQL for the kind of a contact point; one that is none of ours is not kept."""
    return (
        "case when events." + column + " ~* '^\\s*(email|tel|addr|social)\\s*:'"
        " then lower(trim(split_part(events." + column + ", ':', 1)))"
        " when events." + column + " is not null then '(unknown)' end"
    )


# The columns and their order are those of ledger.PENDING.
_CONSENT_EVENTS: LiteralString = (
    """
with

-- The first pseudonym of a contact point is its name in the ledger for good, whatever the secret of today.
points as materialized (
    select
        known.original_hash,
        coalesce(max(contact_points.ledger_key), max(known.value_key)) as ledger_key
    from ops.normalised_values as known
    left join privacy.contact_points on known.value_key = contact_points.contact_point_key
    where known.value_type in ('contact_point', 'contact_point_unread')
        and known.region = ''
        and known.value_key is not null
    group by known.original_hash
)

select
    'main',
    events._source,
    events.source_system,
    events.event_id,
    null,
    coalesce(source_identities.ledger_key, identities.value_key),
    points.ledger_key,
    """
    + _kind("contact_point")
    + ",\n    "
    + _code("channel")
    + ",\n    "
    + _code("purpose")
    + """,
    (
        select
            jsonb_agg(
                case when listed.purpose ~ '^[a-z0-9_]{1,40}$' then listed.purpose else '(unreadable)' end
                order by listed.place
            )
        from jsonb_array_elements_text(
            case when jsonb_typeof(events.purposes) = 'array' then events.purposes else '[]' end
        ) with ordinality as listed (purpose, place)
    ),
    events.controller,
    events.brand_id,
    """
    + _code("type")
    + ",\n    "
    + _code("scope")
    + """,
    events.occurred_at,
    events.recorded_at,
    """
    + _code("actor")
    + ",\n    "
    + _code("method")
    + """,
    events.notice_id,
    events.notice_version,
    events.is_explicit,
    events.is_double_opt_in,
    encode(sha256(convert_to(nullif(trim(events.evidence), ''), 'UTF8')), 'hex'),
    events.language,
    null,
    case when coalesce(events.for_event_id, events.annuls_event_id) is not null then events.source_system end,
    coalesce(events.for_event_id, events.annuls_event_id),
    from_points.ledger_key,
    to_points.ledger_key,
    array_remove(
        array[
            """
    + _kind("from_contact_point")
    + ",\n            "
    + _kind("to_contact_point")
    + """
        ],
        null
    ),
    events._load_id
from pg_temp.fed_consent_events as events
inner join pg_temp.new_consent_loads as loads on events._load_id = loads.load_id
left join ops.normalised_values as identities
    on identities.value_type = 'source_identity'
    and identities.region = events.source_system
    and identities.original_hash = md5(events.source_ref)::uuid
left join privacy.source_identities on identities.value_key = source_identities.identity_key
left join points on md5(events.contact_point)::uuid = points.original_hash
left join points as from_points on md5(events.from_contact_point)::uuid = from_points.original_hash
left join points as to_points on md5(events.to_contact_point)::uuid = to_points.original_hash
"""
)

# What a mail platform hears from people and from mail servers counts as much as what the preference centre does.
_CAMPAIGN_EVENTS: LiteralString = """
select
    'main',
    events._source,
    events._source,
    'campaign_events:' || events.event_id,
    null,
    coalesce(source_identities.ledger_key, identities.value_key),
    coalesce(contact_points.ledger_key, points.value_key),
    'email',
    case when events.kind <> 'bounce' then 'email' end,
    null,
    null::jsonb,
    null,
    events.brand_id,
    case when events.kind = 'bounce' then 'hard_bounce' else 'consent_withdrawn' end,
    null,
    events.occurred_at,
    events.occurred_at,
    case when events.kind = 'bounce' then 'system' else 'subject' end,
    events.kind,
    null,
    null,
    null::boolean,
    null::boolean,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null::text[],
    events._load_id
from pg_temp.fed_campaign_events as events
inner join pg_temp.new_consent_loads as loads on events._load_id = loads.load_id
left join ops.normalised_values as points
    on points.value_type = 'email'
    and points.region = ''
    and points.original_hash = md5(events.email)::uuid
left join privacy.contact_points on points.value_key = contact_points.contact_point_key
left join ops.normalised_values as identities
    on identities.value_type = 'source_identity'
    and identities.region = coalesce(events.customer_source, events._source)
    and identities.original_hash = md5(events.customer_ref)::uuid
left join privacy.source_identities on identities.value_key = source_identities.identity_key
where events.kind in ('complaint', 'unsubscribe') or (events.kind = 'bounce' and events.bounce_type = 'hard')
"""

FEEDS: dict[LiteralString, LiteralString] = {
    "consent_events": _CONSENT_EVENTS,
    "campaign_events": _CAMPAIGN_EVENTS,
}

REGISTER_POINTS: LiteralString = """
with

pending_points as (
    select contact_point_key as value_key from {pending}
    union
    select from_contact_point_key as value_key from {pending}
    union
    select to_contact_point_key as value_key from {pending}
)

insert into privacy.contact_points (contact_point_key, kind, key_version, ledger_key)
select distinct on (known.value_key)
    known.value_key,
    case known.value_type
        when 'email' then 'email'
        when 'phone' then 'tel'
        when 'postal_address' then 'addr'
        when 'account_ref' then 'social'
        when 'contact_point' then split_part(known.normalised, ':', 1)
        else '(unknown)'
    end,
    known.key_version,
    known.value_key
from pending_points
inner join ops.normalised_values as known on pending_points.value_key = known.value_key
order by known.value_key, known.value_type
on conflict do nothing
"""

REGISTER_IDENTITIES: LiteralString = """
insert into privacy.source_identities (identity_key, key_version, ledger_key)
select distinct on (known.value_key)
    known.value_key,
    known.key_version,
    known.value_key
from {pending} as pending
inner join ops.normalised_values as known on pending.identity_key = known.value_key
order by known.value_key, known.key_version
on conflict do nothing
"""

LOADS_TAKEN_IN: LiteralString = """
with

pending_counts as (
    select
        load_id,
        count(*) as pending_count
    from {pending}
    group by load_id
),

appended_counts as (
    select
        events.load_id,
        count(*) as appended_count,
        count(*) filter (where events.is_quarantined) as quarantined_count
    from privacy.consent_events as events
    inner join pg_temp.new_consent_loads as loads on events.load_id = loads.load_id
    group by events.load_id
)

insert into privacy.ledger_loads (ledger, load_id, appended_count, known_count, quarantined_count)
select
    'main',
    loads.load_id,
    coalesce(appended_counts.appended_count, 0),
    coalesce(pending_counts.pending_count, 0) - coalesce(appended_counts.appended_count, 0),
    coalesce(appended_counts.quarantined_count, 0)
from pg_temp.new_consent_loads as loads
left join pending_counts on loads.load_id = pending_counts.load_id
left join appended_counts on loads.load_id = appended_counts.load_id
on conflict (ledger, load_id) do update set
    appended_count = excluded.appended_count,
    known_count = excluded.known_count,
    quarantined_count = excluded.quarantined_count,
    appended_at = excluded.appended_at
"""
