{{ config(materialized='table') }}

-- A sale allows for its seller's product family alone, a contract for its families. What could never allow is not listed.
with

contact_points as (
    select *
    from {{ ref('int_contact_points_listed') }}
    where {{ cercle.is_among(['customer_id'], ref('int_contact_keys_touched'), ['key']) }}
),

channels as (
    select *
    from {{ ref('contact_point_channels') }}
),

rules as (
    select
        channel,
        purpose,
        basis
    from {{ source('privacy', 'policy_rules') }}
    where jurisdiction = '{{ var("cercle_jurisdiction") }}'
        and basis in ('SOFT_OPT_IN', 'CONTRACT_ONGOING')
        and valid_from <= {{ cercle.as_of() }}
        and {{ cercle.as_of() }} < valid_to
),

sales as (
    select distinct
        identity,
        contact_point,
        controller,
        product_family
    from {{ ref('int_sales_evidenced') }}
    where is_collected_from_subject
        and is_optout_offered
        and controller = coalesce(nullif('{{ var("cercle_controller") or "" }}', ''), controller)
),

contracts as (
    select distinct
        links.person_id,
        families.product_family
    from {{ source('privacy', 'contracts') }} as contracts
    inner join {{ ref('int_consent_identities_linked') }} as links on contracts.identity_key = links.identity
    cross join lateral jsonb_array_elements_text(contracts.related_families) as families (product_family)
    where contracts.ledger = 'main'
),

served as (
    select
        contact_points.*,
        rules.channel,
        rules.purpose,
        rules.basis
    from contact_points
    inner join channels on contact_points.contact_point_kind = channels.contact_point_kind
    inner join rules on channels.channel = rules.channel
),

listed as (
    select
        served.customer_id,
        served.contact_point_key,
        served.channel,
        served.purpose,
        sales.controller,
        sales.product_family
    from served
    inner join sales on served.customer_id = sales.identity and served.contact_point = sales.contact_point
    where served.basis = 'SOFT_OPT_IN'

    union

    select
        served.customer_id,
        served.contact_point_key,
        served.channel,
        served.purpose,
        '{{ var("cercle_controller") or "" }}' as controller,
        contracts.product_family
    from served
    inner join contracts on served.customer_id = contracts.person_id
    where served.basis = 'CONTRACT_ONGOING'
)

select * from listed
