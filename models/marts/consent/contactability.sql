{{ config(materialized='view') }}

-- The answers stand in int_contacts_decided, their key guarded there; publication writes them to marts.
with

decisions as (
    select *
    from {{ ref('int_contacts_decided') }}
),

contactability as (
    select
        -- ids
        customer_id,
        contact_point_key,

        -- strings
        channel,
        purpose,
        product_family,
        controller,
        recipient,
        contact_point_kind,
        decision,
        reason,
        basis,
        rule_id,
        evidence_event_id,

        -- timestamps
        decided_as_of,
        decision_valid_until
    from decisions
)

select * from contactability
