with

published as (
    select *
    from {{ source('identity', 'changes') }}
    where kind in ('customer', 'household') and change <> 'created'
),

proposed as (
    select *
    from {{ ref('int_id_changes_proposed') }}
    where kind in ('customer', 'household') and change <> 'created'
),

all_changes as (
    select
        kind,
        change,
        id,
        other_id,
        member_count,
        change_id,
        changed_at
    from published
    union all
    select
        kind,
        change,
        id,
        other_id,
        member_count,
        null as change_id,
        {{ cercle.as_of() }} as changed_at
    from proposed
),

numbered as (
    select
        *,
        row_number() over (
            partition by kind, id
            order by change_id nulls last, change, other_id
        ) as change_number
    from all_changes
),

final as (
    select
        -- ids
        id || ':' || change_number as identity_change_id,
        id as changed_id,
        other_id,

        -- strings
        kind,
        change,

        -- numerics
        change_number::integer as change_number,
        member_count,

        -- timestamps
        changed_at
    from numbered
)

select * from final
