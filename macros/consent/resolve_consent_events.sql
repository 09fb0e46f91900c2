-- Returns a query: one row per consent event and period of knowledge in which it counts, from a ledger. Redeliveries (R11), the
-- clock (R6) and annulments are resolved here. An event with null occurred_at keeps it; effective_at is never null.
{% macro resolve_consent_events(events, event_types) -%}
with

types as (
    select * from {{ event_types }}
),

received as (
    select
        ledger.ledger,
        ledger.event_id,
        ledger.position,
        ledger.source_system,
        ledger.source_event_id,
        ledger.content_hash,
        ledger.type,
        ledger.identity_key,
        -- The source record that brought it: what a mail platform reports is a campaign event.
        case
            when ledger.source_event_id like 'campaign_events:%'
                then 'campaign_events:' || ledger.source_name || substr(ledger.source_event_id, 16)
            else 'consent_events:' || ledger.source_name || ':' || ledger.source_system || ':' || ledger.source_event_id
        end as record_key,
        ledger.contact_point_key as contact_point,
        ledger.contact_point_kind,
        ledger.channel,
        ledger.purpose,
        nullif(ledger.purposes, '[]') as purposes,
        ledger.controller,
        ledger.scope,
        ledger.actor,
        ledger.method,
        ledger.notice_id,
        ledger.notice_version,
        coalesce(ledger.is_explicit, false) as is_explicit,
        coalesce(ledger.is_double_opt_in, false) as is_double_opt_in,
        ledger.evidence_sha256 is not null as has_evidence,
        ledger.occurred_at,
        ledger.recorded_at,
        ledger.reference_event_id,
        ledger.reference_source_system,
        ledger.reference_source_event_id,
        ledger.from_contact_point_key as from_contact_point,
        ledger.to_contact_point_key as to_contact_point,
        ledger.is_quarantined,
        types.stop_severity,
        types.stop_reason,
        types.default_scope,
        types.default_purposes,
        coalesce(types.bites_at_recording, false) as bites_at_recording,
        -- The same content again is known since its first recording.
        row_number() over (
            partition by ledger.ledger, ledger.source_system, ledger.source_event_id, ledger.content_hash
            order by ledger.recorded_at, ledger.position
        ) as delivery_number
    from {{ events }} as ledger
    left join types on ledger.type = types.type
),

versions as (
    select
        *,
        row_number() over (
            partition by ledger, source_system, source_event_id
            order by recorded_at, content_hash
        ) as version_number
    from received
    where delivery_number = 1
),

-- Of several contents under one id the earliest recorded counts, and besides it every stop.
judged as (
    select
        versions.*,
        versions.is_quarantined or (versions.version_number > 1 and versions.stop_severity is null) as is_set_aside,
        versions.occurred_at is null
        or versions.occurred_at > versions.recorded_at + interval '5 minutes' as is_clock_wrong
    from versions
),

-- From the recording of an annulment on its event counts for nothing; an annulment can itself be annulled.
annulments as (
    select
        annulling.ledger,
        annulling.event_id,
        annulled.event_id as annulled_event_id,
        annulling.recorded_at
    from judged as annulling
    inner join judged as annulled
        on annulling.ledger = annulled.ledger
        and annulling.reference_event_id = annulled.event_id
    where annulling.type = 'annulment' and not annulling.is_set_aside

    union

    select
        annulling.ledger,
        annulling.event_id,
        annulled.event_id as annulled_event_id,
        annulling.recorded_at
    from judged as annulling
    inner join judged as annulled
        on annulling.ledger = annulled.ledger
        and annulling.reference_source_system = annulled.source_system
        and annulling.reference_source_event_id = annulled.source_event_id
    where annulling.type = 'annulment' and not annulling.is_set_aside and annulling.reference_event_id is null
),

annulment_periods_0 as (
    select distinct
        ledger,
        event_id,
        tstzmultirange(tstzrange(recorded_at, 'infinity')) as periods
    from annulments
),

{% for level in [1, 2, 3] -%}
annulment_periods_{{ level }} as (
    select
        whole.ledger,
        whole.event_id,
        whole.periods - coalesce(range_agg(annulling.periods), '{}') as periods
    from annulment_periods_0 as whole
    left join annulments on whole.ledger = annulments.ledger and whole.event_id = annulments.annulled_event_id
    left join annulment_periods_{{ level - 1 }} as annulling
        on annulments.ledger = annulling.ledger and annulments.event_id = annulling.event_id
    group by whole.ledger, whole.event_id, whole.periods
),

{% endfor -%}
annulled as (
    select
        annulments.ledger,
        annulments.annulled_event_id as event_id,
        range_agg(annulling.periods) as periods
    from annulments
    inner join annulment_periods_3 as annulling
        on annulments.ledger = annulling.ledger and annulments.event_id = annulling.event_id
    group by annulments.ledger, annulments.annulled_event_id
),

known as (
    select
        judged.ledger,
        judged.event_id,
        lower(periods.period) as known_from,
        upper(periods.period) as known_to
    from judged
    inner join annulled on judged.ledger = annulled.ledger and judged.event_id = annulled.event_id
    cross join lateral unnest(
        tstzmultirange(tstzrange(judged.recorded_at, 'infinity')) - annulled.periods
    ) as periods (period)
),

resolved as (
    select
        judged.ledger,
        judged.event_id,
        judged.source_system,
        judged.source_event_id,
        judged.type,
        -- Who acted without a name is the record itself, which may be linked to a person by its contact point.
        coalesce(judged.identity_key, judged.record_key) as identity,
        judged.record_key,
        judged.contact_point,
        judged.contact_point_kind,
        judged.channel,
        judged.purpose,
        judged.purposes,
        judged.controller,
        judged.actor,
        judged.method,
        judged.notice_id,
        judged.notice_version,
        judged.is_explicit,
        judged.is_double_opt_in,
        judged.has_evidence,
        judged.is_set_aside or (judged.is_clock_wrong and not judged.bites_at_recording) as is_quarantined,
        judged.reference_event_id,
        judged.reference_source_system,
        judged.reference_source_event_id,
        judged.from_contact_point,
        judged.to_contact_point,
        judged.stop_severity,
        judged.stop_reason,
        -- A stop that does not name what its scope is about reaches further, never less.
        case
            when judged.stop_severity is null then null
            when coalesce(judged.scope, judged.default_scope) = 'contact_point' and judged.contact_point is null
                then 'channel'
            else coalesce(judged.scope, judged.default_scope)
        end as stop_scope,
        case
            when judged.stop_severity is null then null
            when judged.purposes is not null then judged.purposes
            when judged.default_purposes is not null
                then judged.default_purposes || coalesce(to_jsonb(judged.purpose), '[]')
            when judged.purpose is not null then jsonb_build_array(judged.purpose)
        end as stop_purposes,
        judged.position,
        judged.occurred_at,
        judged.recorded_at,
        case
            when judged.bites_at_recording and judged.is_clock_wrong then judged.recorded_at
            else coalesce(judged.occurred_at, judged.recorded_at)
        end as effective_at,
        coalesce(known.known_from, judged.recorded_at) as known_from,
        coalesce(known.known_to, 'infinity') as known_to
    from judged
    left join annulled on judged.ledger = annulled.ledger and judged.event_id = annulled.event_id
    left join known on judged.ledger = known.ledger and judged.event_id = known.event_id
    where annulled.event_id is null or known.event_id is not null
)

select * from resolved
{%- endmacro %}
