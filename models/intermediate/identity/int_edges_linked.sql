{{ config(materialized='ephemeral') }}

with

overrides as (
    select *
    from {{ ref('int_overrides_standing') }}
    where action = 'link'
),

identity_records as (
    select record_key
    from {{ ref('int_identity_records') }}
),

-- A steward's link is a node of its own, and stronger than any rule.
linked as (
    select
        sides.record_key,
        'override:' || overrides.override_id as node_key,
        'override' as identifier_type,
        md5('override:' || overrides.override_id) as identifier_key,
        'linked_by_steward' as rule,
        0 as priority,
        1.00 as score,
        format('decision %s of a steward', overrides.override_id) as evidence,
        overrides.made_at as observed_at
    from overrides
    cross join lateral (values (overrides.left_record), (overrides.right_record)) as sides (record_key)
    inner join identity_records on sides.record_key = identity_records.record_key
)

select * from linked
