with
{%- for kind, versioned in var('cercle_id_kinds').items() %}

{{ kind }}_changes as (
    {{ cercle.propose_changes(kind, ref(versioned), ref('int_id_redirects_proposed')) }}
),
{%- endfor %}

proposed as (
    {%- for kind in var('cercle_id_kinds') %}
    select * from {{ kind }}_changes
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from proposed
