{{ config(materialized='table') }}

-- Of the customers that are touched. A digest is compared with that of the customer's standing answers (int_contacts_decided). So each fact that an answer may stand on is in it,
-- rather one too many, and with it on which side of the build's moment it lies: what was to come and has come changes the digest.
with

rules as (
    select * from {{ ref('int_contact_rules_digested') }}
),

-- Nobody is without: each customer is linked to itself.
reached as materialized (
    select * from {{ ref('int_contact_facts_reached') }}
),

facts as (
    select
        customer_id,
        fact_count,
        digest
    from reached

    union all

    select
        customer_id,
        1 as fact_count,
        {{ cercle.digest_fact(['contact_point', 'contact_point_key', 'contact_point_kind']) }} as digest
    from {{ ref('int_contact_points_listed') }}

    union all

    select
        customer_id,
        1 as fact_count,
        {{ cercle.digest_fact(['contact_point_key', 'channel', 'purpose', 'recipient']) }} as digest
    from {{ ref('int_contact_recipients_listed') }}

    union all

    select
        customer_id,
        1 as fact_count,
        {{ cercle.digest_fact(['contact_point_key', 'channel', 'purpose', 'controller', 'product_family']) }} as digest
    from {{ ref('int_contact_families_listed') }}

    union all

    select
        identity as customer_id,
        1 as fact_count,
        {{ cercle.digest_fact(
            ['sale_id', 'contact_point', 'controller', 'product_family', 'status', 'is_collected_from_subject', 'is_optout_offered',
             'occurred_at'],
            moments=['occurred_at', 'known_from']
        ) }} as digest
    from {{ ref('int_sales_evidenced') }}

    union all

    select
        identity as customer_id,
        1 as fact_count,
        {{ cercle.digest_fact(['record_key', 'kind', 'occurred_at'], moments=['occurred_at', 'known_from']) }} as digest
    from {{ ref('int_engagements_dated') }}
),

summed as (
    select
        customer_id,
        sum(fact_count) as fact_count,
        sum(digest) as digest
    from facts
    where customer_id in (select reached.customer_id from reached)
    group by customer_id
),

digested as (
    select
        summed.customer_id,
        concat_ws(
            ' ', rules.jurisdiction, rules.controller, rules.rule_count, rules.digest, summed.fact_count, summed.digest
        ) as facts_digest
    from summed
    cross join rules
)

select * from digested
