{{ config(
    materialized='connected_components',
    is_kept=true,
    left='interaction_id',
    right='thread_key',
    component='thread_id'
) }}

with

thread_keys as (
    select * from {{ ref('int_interaction_thread_keys_listed') }}
),

open_issues as (
    select * from {{ ref('int_open_issues_joined') }}
),

distinct_keys as (
    select
        interaction_id,
        thread_key
    from thread_keys
    union distinct
    select
        interaction_id,
        thread_key
    from open_issues
),

counted_keys as (
    select
        interaction_id,
        thread_key,
        count(*) over (partition by thread_key) as interaction_count
    from distinct_keys
),

-- A key that nobody else has links nothing. A contact without a shared one is a thread of its own and stays out.
edges as (
    select
        interaction_id,
        thread_key
    from counted_keys
    where interaction_count > 1
)

select * from edges
