-- Returns a query: (record_key), each record of `inputs` (as in identity_inputs()) of which a version came with a new load, once.
{% macro list_arrived_records(inputs) -%}
    {%- for input in inputs %}
    select record_key
    from ({{ cercle.union_inputs(input.input, versions='all', where=cercle.is_new_load()) }}) as versions
    {#- Where nothing is new, no input is read. #}
    where exists (select from ops.new_loads)
        {%- if not loop.last %}

    union

        {% endif %}
    {%- endfor %}
{%- endmacro %}
