{{ config(materialized='ephemeral') }}

-- Whose acts count for a customer, and what was done on the customer's contact points (int_contact_keys_reached); and how these identities,
-- and those that acted on the contact points, are linked.
{% set all_links, reached_links = ref('int_consent_identities_linked'), ref('int_contact_links_reached') -%}
{% set links = reached_links if cercle.is_contactability_standing() else all_links -%}
with

facts as materialized (
    select * from {{ ref('int_consent_facts_listed') }}
),

links as (
    select
        identity,
        {{ cercle.digest_fact(['identity', 'person_id', 'valid_from', 'valid_to', 'known_from', 'known_to']) }} as digest
    from {{ links }}
),

identities as (
    select
        customer_id,
        key as identity
    from {{ ref('int_contact_keys_reached') }}
    where kind = 'identity'
),

contact_points as (
    select
        customer_id,
        key as contact_point
    from {{ ref('int_contact_keys_reached') }}
    where kind = 'contact_point'
),

met_identities as (
    select
        customer_id,
        identity
    from identities

    union

    select
        contact_points.customer_id,
        facts.identity
    from contact_points
    inner join facts on contact_points.contact_point = facts.contact_point
    where facts.identity is not null
),

customer_facts as (
    select
        identities.customer_id,
        facts.digest
    from identities
    inner join facts on identities.identity = facts.identity

    union all

    select
        contact_points.customer_id,
        facts.digest
    from contact_points
    inner join facts on contact_points.contact_point = facts.contact_point

    union all

    select
        met_identities.customer_id,
        links.digest
    from met_identities
    inner join links on met_identities.identity = links.identity
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
