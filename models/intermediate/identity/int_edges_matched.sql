with

edges_judged as (
    select *
    from {{ ref('int_edges_judged') }}
),

contradicted as (
    select node_key
    from {{ ref('int_nodes_contradicted') }}
),

identity_records as (
    select record_key
    from {{ ref('int_identity_records') }}
),

overrides as (
    select
        override_id,
        left_record,
        right_record,
        made_at
    from {{ source('identity', 'overrides') }}
    where action = 'link' and {{ cercle.is_override_valid() }}
),

matched as (
    select
        record_key,
        node_key,
        identifier_type,
        identifier_key,
        rule,
        priority,
        score,
        evidence,
        observed_at
    from edges_judged
    where node_key is not null and node_key not in (select contradicted.node_key from contradicted)
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
),

edges as (
    select * from matched
    union all
    select * from linked
)

select * from edges
