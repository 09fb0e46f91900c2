{{ config(materialized='table', indexes=[{'columns': ['kind', 'key']}]) }}

-- What counts for a customer that is touched. Identities: those linked now; and those that once were, on either side of a link that has
-- ended. Contact points: the customer's, and those that they took the place of.
with recursive

touched as (
    select key as customer_id
    from {{ ref('int_contact_keys_touched') }}
),

links as not materialized (
    select *
    from {{ ref('int_consent_identities_linked') }}
),

ended_links as materialized (
    select
        identity,
        person_id
    from links
    where valid_to < 'infinity'
),

reached_identities as (
    select
        person_id as customer_id,
        identity
    from links
    where {{ cercle.is_among(['person_id'], 'touched', ['customer_id']) }}

    union

    select
        sharers.person_id as customer_id,
        others.identity
    from ended_links
    inner join links as sharers on ended_links.identity = sharers.identity
    inner join links as others on ended_links.person_id = others.person_id
    where {{ cercle.is_among(['sharers.person_id'], 'touched', ['customer_id']) }}
),

replacements as materialized (
    select distinct
        from_contact_point,
        to_contact_point
    from {{ ref('int_consent_events_resolved') }}
    where type = 'contact_point_replaced'
),

reached_points as (
    select
        customer_id,
        contact_point
    from {{ ref('int_contact_points_listed') }}
    where {{ cercle.is_among(['customer_id'], 'touched') }}

    union

    select
        reached_points.customer_id,
        replacements.from_contact_point as contact_point
    from reached_points
    inner join replacements on reached_points.contact_point = replacements.to_contact_point
),

reached as (
    select
        customer_id,
        'identity' as kind,
        identity as key
    from reached_identities

    union all

    select
        customer_id,
        'contact_point' as kind,
        contact_point as key
    from reached_points
)

select * from reached
