-- Nothing lost: per source, what the loads say they stored of line_amount is what the mart holds plus what newer versions replaced. The
-- loader counts while it reads the file, the mart is built from raw by dbt: two ways to one number. A plugin whose loads keep no such
-- sum is left out. Returns the sources that differ.
with

loaded as (
    select
        loads.source as source_name,
        sum((loads.sums -> 'line_amount' ->> 'stored')::numeric) as stored_amount,
        sum(loads.replaced_count) as replaced_count
    from ops.loads
    where loads.entity = 'order_lines'
        and loads.sums -> 'line_amount' is not null
        and {{ cercle.is_admitted('loads.load_id') }}
    group by loads.source
),

held as (
    select
        source_name,
        sum(line_amount) as held_amount
    from {{ ref('order_lines') }}
    group by source_name
),

replaced as (
    select
        source_name,
        sum(line_amount) as replaced_amount
    from {{ ref('int_order_line_versions') }}
    where not is_current_version
    group by source_name
)

select
    loaded.source_name,
    loaded.stored_amount,
    held.held_amount,
    replaced.replaced_amount
from loaded
left join held on loaded.source_name = held.source_name
left join replaced on loaded.source_name = replaced.source_name
where loaded.replaced_count = 0
    and loaded.stored_amount is distinct from coalesce(held.held_amount, 0) + coalesce(replaced.replaced_amount, 0)
