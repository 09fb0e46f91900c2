{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ cercle.forget_changed_answers() }}",
    indexes=[{'columns': ['customer_id']}, {'columns': ['decision_valid_until']}],
    meta={'new_rows': 'decided_as_of = (select ops.as_of())'}
) }}

-- depends_on: {{ ref('int_contact_keys_reached') }}, {{ ref('int_contact_events_reached') }}, {{ ref('int_contact_links_reached') }}
with

decided as (
    {{ cercle.decide_contacts_part(1) }}
)

select * from decided
