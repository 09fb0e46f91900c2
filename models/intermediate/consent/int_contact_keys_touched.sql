{{ config(materialized='table') }}

-- Of whom an answer of contactability may be another one than in the last published build, rather too many: the models of contactability
-- ask and write for these keys alone. Everybody, where more has happened than keys can tell. See decision 0170.
-- depends_on: {{ ref('int_contact_identifiers_listed') }}, {{ ref('int_contact_rules_digested') }}
{% set births = cercle.find_standing('int_birth_dates_known') -%}
with

record_customers as not materialized (
    select *
    from {{ ref('int_record_customers') }}
),

facts as (
    select *
    from {{ ref('int_consent_facts_touched') }}
),

acts as (
    select
        identity as customer_id,
        occurred_at
    from {{ ref('int_sales_evidenced') }}

    union all

    select
        identity as customer_id,
        occurred_at
    from {{ ref('int_engagements_dated') }}
),

records as (
    select key as record_key
    from facts
    where kind = 'record'

    union

    select record_key
    from {{ ref('int_identifiers_observed') }}
    where identifier_key in ({{ cercle.list_changed_keys('identifier') }})
),

members as (
    select id as customer_id
    from {{ source('identity', 'members') }}
    where kind = 'customer' and to_publication_id >= (select published_build.publication_id from ops.published_build)
),

everybody as (
    select distinct customer_id as key
    from record_customers
    {%- if births %}

    union

    select identity from {{ births }}

    union

    select ledger_key from {{ source('privacy', 'source_identities') }}
    {%- endif %}
),

touched as (
    {{ cercle.list_changed_keys('customer') }}

    union

    select customer_id as key
    from record_customers
    where {{ cercle.is_among(['record_key'], 'records') }}

    union

    select customer_id as key
    from acts
    where {{ cercle.has_come('occurred_at') }}

    union

    select customer_id as key
    from members

    union

    select customer_id as key
    from {{ ref('int_contact_persons_touched') }}

    union

    select key
    from facts
    where kind = 'identity'

    union

    select key
    from everybody
    where {{ cercle.is_all_changed(cercle.facts_of_contactability()) if cercle.is_contactability_standing() else 'true' }}
)

select * from touched
