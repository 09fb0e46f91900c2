{{ config(materialized='table') }}

-- Asked of the customers that are touched. Only what some notice covers, or what some other ground than consent could allow: a missing row means deny. What allows for one product
-- family or one recipient alone is asked for those that the person has a fact for.
with

contact_points as (
    select *
    from {{ ref('int_contact_points_listed') }}
    where {{ cercle.is_among(['customer_id'], ref('int_contact_keys_touched'), ['key']) }}
),

channels as (
    select * from {{ ref('contact_point_channels') }}
),

rules as (
    select
        rules.*,
        coalesce((rules.conditions ->> 'is_recipient_named')::boolean, false) as is_recipient_named
    from {{ source('privacy', 'policy_rules') }} as rules
    inner join {{ source('privacy', 'vocabularies') }} as purposes
        on purposes.vocabulary = 'purpose' and rules.purpose = purposes.code and purposes.is_marketing
    where rules.jurisdiction = '{{ var("cercle_jurisdiction") }}'
        and rules.kind = 'basis'
        and rules.valid_from <= {{ cercle.as_of() }}
        and {{ cercle.as_of() }} < rules.valid_to
),

coverage as (
    select * from {{ source('privacy', 'notice_coverage') }}
),

possible as (
    select distinct
        rules.channel,
        rules.purpose
    from rules
    left join coverage on rules.channel = coverage.channel and rules.purpose = coverage.purpose
    where not rules.is_recipient_named and (rules.basis <> 'CONSENT' or coverage.channel is not null)
),

general as (
    select
        contact_points.customer_id,
        contact_points.contact_point_key,
        possible.channel,
        possible.purpose
    from contact_points
    inner join channels on contact_points.contact_point_kind = channels.contact_point_kind
    inner join possible on channels.channel = possible.channel
),

recipients as (
    select * from {{ ref('int_contact_recipients_listed') }}
),

families as (
    select * from {{ ref('int_contact_families_listed') }}
),

{% set controller = "nullif('" ~ (var('cercle_controller') or '') ~ "', '')" -%}
questions as (
    {%- for name, recipient, controller, product_family in [
        ('general', 'null::text', controller, 'null::text'),
        ('recipients', 'recipient', controller, 'null::text'),
        ('families', 'null::text', "nullif(controller, '')", 'product_family'),
    ] %}
    select
        customer_id,
        contact_point_key,
        channel,
        purpose,
        {{ recipient }} as recipient,
        {{ controller }} as controller,
        {{ product_family }} as product_family
    from {{ name }}
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}
),

asked as (
    select
        row_number() over () as question_id,
        'main' as ledger,
        -- Two models answer, beside each other.
        1 + (hashtextextended(questions.customer_id, 0) & 1) as part,
        questions.customer_id as identity,
        contact_points.contact_point,
        questions.contact_point_key,
        contact_points.contact_point_kind,
        questions.channel,
        questions.purpose,
        questions.recipient,
        questions.controller,
        questions.product_family,
        false as check_hours,
        '{{ var("cercle_jurisdiction") }}' as jurisdiction,
        {{ cercle.as_of() }} as valid_at,
        {{ cercle.as_of() }} as known_at
    from questions
    inner join contact_points
        on questions.customer_id = contact_points.customer_id
        and questions.contact_point_key = contact_points.contact_point_key
)

select * from asked
