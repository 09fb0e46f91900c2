{{ config(
    materialized='incremental',
    incremental_strategy='compared',
    unique_key=['identity', 'person_id', 'valid_from'],
    indexes=[{'columns': ['identity', 'person_id', 'valid_from'], 'unique': true}, {'columns': ['person_id']}],
    meta={'scope': {'columns': ['person_id'], 'model': 'int_contact_keys_touched', 'keys': ['key']}}
) }}

-- What is linked now counts for every day, so that no stop is missed; it lifts a stop from this build on alone. What was linked in an
-- earlier publication and is no longer (a split) counts for the time in which it was published; a split that this build makes too, or a
-- stop made while linked would leave the other half for as long as nobody builds again. A null lifts_from is each build's moment (consent_world).
with

consent_events as not materialized (
    select
        identity,
        record_key
    from {{ ref('int_consent_events_resolved') }}
    where identity is not null
),

record_customers as not materialized (
    select
        record_key,
        customer_id
    from {{ ref('int_record_customers') }}
),

touched_records as (
    select *
    from record_customers
    where {{ cercle.is_touched('customer_id') }}
),

own_events as (
    select
        identity,
        record_key
    from {{ ref('int_own_events_linked') }}
),

members as (
    select *
    from {{ source('identity', 'members') }}
    where kind = 'customer' and {{ cercle.is_touched('id') }}
),

linked_now as (
    select distinct
        consent_events.identity,
        touched_records.customer_id as person_id
    from consent_events
    inner join touched_records on consent_events.record_key = touched_records.record_key

    union

    select distinct
        own_events.identity,
        touched_records.customer_id as person_id
    from own_events
    inner join touched_records on own_events.record_key = touched_records.record_key

    union

    select
        customer_id as identity,
        customer_id as person_id
    from touched_records
),

ended as (
    select
        members.member_key,
        members.id as person_id,
        members.known_from,
        least(members.known_to, {{ cercle.as_of() }}) as known_to
    from members
    left join record_customers on members.member_key = record_customers.record_key
    where members.known_to < 'infinity' or members.id <> record_customers.customer_id
),

linked as (
    select
        'main' as ledger,
        identity,
        person_id,
        '-infinity'::timestamptz as valid_from,
        'infinity'::timestamptz as valid_to,
        null::timestamptz as lifts_from,
        '-infinity'::timestamptz as known_from,
        'infinity'::timestamptz as known_to
    from linked_now

    union all

    select distinct
        'main' as ledger,
        consent_events.identity,
        ended.person_id,
        ended.known_from as valid_from,
        ended.known_to as valid_to,
        ended.known_from as lifts_from,
        ended.known_to as known_from,
        'infinity'::timestamptz as known_to
    from ended
    inner join consent_events on ended.member_key = consent_events.record_key
    where ended.known_from < ended.known_to
)

select * from linked
