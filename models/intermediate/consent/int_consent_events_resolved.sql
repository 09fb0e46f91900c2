{{ config(
    materialized='incremental',
    incremental_strategy='compared',
    unique_key=['ledger', 'event_id', 'known_from'],
    indexes=[
        {'columns': ['event_id', 'known_from', 'ledger'], 'unique': true}, {'columns': ['position']}, {'columns': ['source_event_id']},
        {'columns': ['record_key']}, {'columns': ['identity']}, {'columns': ['contact_point']},
    ],
    meta={
        'scope': {'columns': ['source_system', 'source_event_id'], 'model': 'int_consent_events_arrived'},
        'changes': {
            'identity': ['identity'],
            'contact_point': ['contact_point', 'from_contact_point', 'to_contact_point'],
            'event': ['reference_event_id'],
            'source_event': ['reference_source_event_id'],
        },
    }
) }}

-- The ledger keeps what withdrawn deliveries brought; it counts for nothing. An increment reads the events that arrived, and what
-- annulments may say of them.
with

arrived as (
    select * from {{ ref('int_consent_events_arrived') }}
),

admitted as not materialized (
    select *
    from {{ source('privacy', 'consent_events') }}
    where ledger = 'main' and (load_id is null or {{ cercle.is_admitted('load_id') }})
),

read_again as materialized (
    select
        source_system,
        source_event_id
    from arrived

    union

    select
        source_system,
        source_event_id
    from admitted
    where type = 'annulment'
),

ledger as (
    select *
    from admitted
    where {{ cercle.is_among_if_incremental(['source_system', 'source_event_id'], 'read_again') }}
),

resolved as (
    {{ cercle.resolve_consent_events('ledger', source('privacy', 'event_types')) }}
),

wanted as (
    select *
    from resolved
    where {{ not is_incremental() }} or (source_system, source_event_id) in (select arrived.* from arrived)
)

select * from wanted
