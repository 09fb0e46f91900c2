-- Only what some notice covers, or what some other ground than consent could allow: a missing row means deny.
with

contact_points as (
    select *
    from {{ ref('int_contact_points_listed') }}
),

channels as (
    select *
    from {{ ref('contact_point_channels') }}
),

purposes as (
    select code as purpose
    from {{ source('privacy', 'vocabularies') }}
    where vocabulary = 'purpose' and is_marketing
),

coverage as (
    select distinct
        channel,
        purpose
    from {{ source('privacy', 'notice_coverage') }}
),

rules as (
    select distinct
        channel,
        purpose
    from {{ source('privacy', 'policy_rules') }}
    where jurisdiction = '{{ var("cercle_jurisdiction") }}'
        and kind = 'basis'
        and basis <> 'CONSENT'
        and valid_from <= {{ cercle.as_of() }}
        and {{ cercle.as_of() }} < valid_to
),

possible as (
    select * from coverage
    union
    select * from rules
),

asked as (
    select
        row_number() over (
            order by contact_points.customer_id, contact_points.contact_point_key, channels.channel, purposes.purpose
        ) as question_id,
        'main' as ledger,
        contact_points.customer_id as identity,
        contact_points.contact_point,
        contact_points.contact_point_key,
        contact_points.contact_point_kind,
        channels.channel,
        purposes.purpose,
        null::text as recipient,
        nullif('{{ var("cercle_controller") or "" }}', '') as controller,
        null::text as product_family,
        false as check_hours,
        '{{ var("cercle_jurisdiction") }}' as jurisdiction,
        {{ cercle.as_of() }} as valid_at,
        {{ cercle.as_of() }} as known_at
    from contact_points
    inner join channels on contact_points.contact_point_kind = channels.contact_point_kind
    inner join possible on channels.channel = possible.channel
    inner join purposes on possible.purpose = purposes.purpose
)

select * from asked
