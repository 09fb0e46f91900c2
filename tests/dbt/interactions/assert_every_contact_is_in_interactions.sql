-- Nothing lost: each current source record of a contact is one interaction. Returns the inputs whose counts differ.
with

{%- set inputs = ['social_interactions', 'messages', 'calls', 'callbacks', 'visits', 'contacts'] %}
{%- for input in inputs %}

{{ input }} as (
    {{ cercle.union_inputs(input) }}
),
{%- endfor %}

delivered as (
    {%- for input in inputs %}
    select
        '{{ "interactions" if input == "social_interactions" else input }}' as entity,
        count(*) as record_count
    from {{ input }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

held as (
    select
        split_part(interaction_id, ':', 1) as entity,
        count(*) as record_count
    from {{ ref('interactions') }}
    group by split_part(interaction_id, ':', 1)
)

select
    coalesce(delivered.entity, held.entity) as entity,
    delivered.record_count as delivered_count,
    held.record_count as held_count
from delivered
full outer join held on delivered.entity = held.entity
where coalesce(delivered.record_count, 0) <> coalesce(held.record_count, 0)
