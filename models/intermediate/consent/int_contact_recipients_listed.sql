{{ config(materialized='table') }}

-- Passing on is allowed to recipients that a notice named. Asked where something was said of it on the contact point, or on one that it
-- took the place of.
with

contact_points as (
    select *
    from {{ ref('int_contact_points_listed') }}
    where {{ cercle.is_among(['customer_id'], ref('int_contact_keys_touched'), ['key']) }}
),

rules as (
    select
        channel,
        purpose
    from {{ source('privacy', 'policy_rules') }}
    where jurisdiction = '{{ var("cercle_jurisdiction") }}'
        and basis = 'CONSENT'
        and (conditions ->> 'is_recipient_named')::boolean
        and valid_from <= {{ cercle.as_of() }}
        and {{ cercle.as_of() }} < valid_to
),

recipients as (
    select distinct
        coverage.channel,
        coverage.purpose,
        recipients.recipient
    from {{ source('privacy', 'notice_coverage') }} as coverage
    inner join {{ source('privacy', 'notice_recipients') }} as recipients
        on coverage.notice_version_id = recipients.notice_version_id
),

events as (
    select
        coalesce(to_contact_point, contact_point) as contact_point,
        channel,
        purpose,
        purposes,
        to_contact_point is not null as is_replacement
    from {{ ref('int_consent_events_resolved') }}
),

listed as (
    select distinct
        contact_points.customer_id,
        contact_points.contact_point_key,
        rules.channel,
        rules.purpose,
        recipients.recipient
    from contact_points
    inner join events on contact_points.contact_point = events.contact_point
    inner join rules
        on events.is_replacement
        or (events.channel = rules.channel and (events.purpose = rules.purpose or jsonb_exists(events.purposes, rules.purpose)))
    inner join {{ ref('contact_point_channels') }} as channels
        on contact_points.contact_point_kind = channels.contact_point_kind
        and rules.channel = channels.channel
    inner join recipients on rules.channel = recipients.channel and rules.purpose = recipients.purpose
)

select * from listed
