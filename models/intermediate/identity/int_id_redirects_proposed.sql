with
{%- for kind, versioned in var('cercle_id_kinds').items() %}

{{ kind }}_redirects as (
    {{ cercle.propose_redirects(kind, ref(versioned)) }}
),
{%- endfor %}

proposed as (
    {%- for kind in var('cercle_id_kinds') %}
    select * from {{ kind }}_redirects
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from proposed
