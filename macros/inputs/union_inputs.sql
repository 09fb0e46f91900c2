-- Returns a query: all rows of the staging models that feed an input, with the columns of the first (the house format).
-- A column that another feed lacks is null there. `versions`: 'current' (default) or 'all'. `where`: a further condition.
{% macro union_inputs(input, versions='current', where=none) -%}
    {%- set inputs = var('cercle_inputs') -%}
    {%- if input not in inputs -%}
        {{ exceptions.raise_compiler_error("union_inputs: input must be one of " ~ inputs.keys() | sort | join(', ') ~ "; got '" ~ input ~ "'") }}
    {%- endif -%}
    {%- if versions not in ['current', 'all'] -%}
        {{ exceptions.raise_compiler_error("union_inputs: versions must be 'current' or 'all'; got '" ~ versions ~ "'") }}
    {%- endif -%}
    {%- set feeds = inputs[input] + cercle.get_plugin_feeds(input) + var('cercle_extra_inputs').get(input, []) -%}
    {%- set relations = [] -%}
    {%- for feed in feeds -%}
        {%- do relations.append(ref(feed)) -%}
    {%- endfor -%}
    {%- if not execute -%}
        select 1
    {%- else -%}
        {#- One feed has all columns: the database need not be asked for them. -#}
        {%- set columns = adapter.get_columns_in_relation(relations[0]) if relations | length > 1 else [] -%}
        {%- for relation in relations %}
            {%- if loop.first %}
    select
                {%- for column in columns %}
        {{ column.name }}{{ "," if not loop.last }}
                {%- else %}
        *
                {%- endfor %}
    from {{ relation }}
            {%- else %}
                {#- The condition stands outside: it may name a column that this feed lacks. -#}
                {%- set names = adapter.get_columns_in_relation(relation) | map(attribute='name') | list %}
    select *
    from (
        select
                {%- for column in columns %}
            {% if column.name in names %}{{ column.name }}{% else %}null{% endif %}::{{ column.data_type }} as {{ column.name }}{{ "," if not loop.last }}
                {%- endfor %}
        from {{ relation }}
    ) as feed
            {%- endif %}
    where true
            {%- if versions == 'current' %}
        and is_current_version
            {%- endif %}
            {%- if where %}
        and {{ where }}
            {%- endif %}
            {%- if not loop.last %}

    union all
            {%- endif %}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
