-- Returns a query: the redirects that publication will make, of every kind of id in var cercle_id_kinds. See propose_redirects.
{% macro propose_all_redirects() -%}
    {%- for kind, versioned in var('cercle_id_kinds').items() %}
    select * from ({{ cercle.propose_redirects(kind, ref(versioned)) }}) as {{ kind }}_redirects
        {%- if not loop.last %}
    union all
        {%- endif %}
    {%- endfor %}
{%- endmacro %}
