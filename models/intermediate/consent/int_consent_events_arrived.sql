{{ config(materialized='table') }}

-- Whose reading may be another one than int_consent_events_resolved has: what came since; other contents under the same id; and what an
-- annulment among them annuls, or an annulment of an annulment. A position is never passed by: the ledger is appended to by one at a time.
-- depends_on: {{ ref('int_contact_rules_digested') }}
{% set resolved = cercle.find_standing('int_consent_events_resolved') -%}
with recursive

ledger as not materialized (
    select *
    from {{ source('privacy', 'consent_events') }}
    where ledger = 'main' and (load_id is null or {{ cercle.is_admitted('load_id') }})
),

{% if resolved -%}
arrived as (
    select
        source_system,
        source_event_id
    from ledger
    where position > (select coalesce(max(resolved.position), -1) from {{ resolved }} as resolved)

    union

    select
        source_system,
        source_event_id
    from ledger
    where load_id = any(array(select new_loads.load_id from ops.new_loads))

    union

    select
        source_system,
        source_event_id
    from ledger
    where {{ cercle.is_all_changed(['int_contact_rules_digested']) }}
),

annulments as materialized (
    select *
    from ledger
    where type = 'annulment'
),

annulled as materialized (
    select
        annulments.source_system,
        annulments.source_event_id,
        events.source_system as annulled_system,
        events.source_event_id as annulled_event_id
    from annulments
    inner join ledger as events on annulments.reference_event_id = events.event_id
    where annulments.reference_event_id is not null

    union

    select
        source_system,
        source_event_id,
        reference_source_system as annulled_system,
        reference_source_event_id as annulled_event_id
    from annulments
    where reference_source_event_id is not null
),

reread as (
    select *
    from arrived

    union

    select
        annulled.annulled_system as source_system,
        annulled.annulled_event_id as source_event_id
    from reread
    inner join annulled
        on reread.source_system = annulled.source_system
        and reread.source_event_id = annulled.source_event_id
)
{%- else -%}
reread as (
    select
        source_system,
        source_event_id
    from ledger
    where false
)
{%- endif %}

select * from reread
