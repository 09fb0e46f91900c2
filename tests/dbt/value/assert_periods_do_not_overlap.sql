-- A customer has one value, one segment and one influence at any moment. Returns the periods that overlap or end before they begin.
with

periods as (
    {%- for mart in ['customer_value', 'customer_segments', 'customer_influence'] %}
    select
        '{{ mart }}' as mart,
        customer_id,
        valid_from,
        valid_to,
        lead(valid_from) over (partition by customer_id order by valid_from) as next_valid_from
    from {{ ref(mart) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select *
from periods
where valid_to is distinct from next_valid_from
    or valid_to <= valid_from
