-- Whose acts count for a customer: identities linked now; and those that once were, on either side of a link that has ended. Which contact
-- points: the customer's, and those that they took the place of.
with recursive

facts as materialized (
    select * from {{ ref('int_consent_facts_listed') }}
),

contact_points as (
    select * from {{ ref('int_contact_points_listed') }}
),

links as materialized (
    select
        identity,
        person_id,
        valid_to < 'infinity' as is_ended,
        {{ cercle.digest_fact(['identity', 'person_id', 'valid_from', 'valid_to', 'known_from', 'known_to']) }} as digest
    from {{ ref('int_consent_identities_linked') }}
),

reached_identities as materialized (
    select
        person_id as customer_id,
        identity
    from links

    union

    select
        links.person_id as customer_id,
        others.identity
    from links as ended_links
    inner join links on ended_links.identity = links.identity
    inner join links as others on ended_links.person_id = others.person_id
    where ended_links.is_ended
),

replacements as (
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
    from contact_points

    union

    select
        reached_points.customer_id,
        replacements.from_contact_point as contact_point
    from reached_points
    inner join replacements on reached_points.contact_point = replacements.to_contact_point
),

customer_facts as (
    select
        reached_identities.customer_id,
        facts.digest
    from reached_identities
    inner join facts on reached_identities.identity = facts.identity

    union all

    select
        reached_identities.customer_id,
        links.digest
    from reached_identities
    inner join links on reached_identities.identity = links.identity

    union all

    select
        reached_points.customer_id,
        facts.digest
    from reached_points
    inner join facts on reached_points.contact_point = facts.contact_point
),

reached as (
    select
        customer_id,
        count(*) as fact_count,
        sum(digest) as digest
    from customer_facts
    group by customer_id
)

select * from reached
