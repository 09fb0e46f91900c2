-- Returns a query: the cells of each table of counts that an extract must not show. Fewer than k but not none; and, where the total is
-- published and just one cell went, the smallest one left, ties by name. Null counts are suppressed.
{% macro suppress_small_cells(cells) -%}
with

cells as (
    select
        table_id,
        cell_name,
        cell_count,
        is_total_published,
        coalesce(cell_count < k and cell_count <> 0, true) as is_small
    from {{ cells }}
),

counted as (
    select
        *,
        count(*) filter (where is_small) over (partition by table_id) as small_count,
        row_number() over (
            partition by table_id, is_small or cell_count = 0
            order by cell_count, cell_name
        ) as place_by_size
    from cells
)

select
    table_id,
    cell_name
from counted
where is_small
    or (is_total_published and small_count = 1 and cell_count <> 0 and place_by_size = 1)
{%- endmacro %}
