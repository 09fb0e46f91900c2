-- Returns a query: the changes that publication will make, of every kind of id in var cercle_id_kinds. See propose_changes.
{% macro propose_all_changes(redirects) -%}
    {%- for kind, versioned in var('cercle_id_kinds').items() %}
    select * from ({{ cercle.propose_changes(kind, ref(versioned), redirects) }}) as {{ kind }}_changes
        {%- if not loop.last %}
    union all
        {%- endif %}
    {%- endfor %}
{%- endmacro %}
