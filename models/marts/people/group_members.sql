{{ config(materialized='view') }}

-- Who books together is linked, never merged: a friend is not a household, and several bookings of one circle stay several.
with

group_bookings as (
    {{ cercle.union_inputs('group_bookings') }}
),

record_customers as (
    select * from {{ ref('int_record_customers') }}
),

described as (
    select
        -- ids
        group_bookings.source_name || ':' || group_bookings.booking_id as group_id,
        group_bookings.member_number,
        record_customers.customer_id,
        group_bookings.brand_id,

        -- strings
        group_bookings.event_name,

        -- booleans
        coalesce(group_bookings.is_organiser, false) as is_organiser,

        -- timestamps
        group_bookings.booked_at
    from group_bookings
    left join record_customers on group_bookings.record_key = record_customers.record_key
)

select * from described
