-- Returns an expression: the sum of an amount over the objects of a JSON list (a jsonb column). Null where it is null, empty, or no list.
{% macro sum_json_amounts(items, amount) -%}
    (
        select sum((listed.item ->> '{{ amount }}')::numeric)
        from jsonb_array_elements(case when jsonb_typeof({{ items }}) = 'array' then {{ items }} end) as listed (item)
    )
{%- endmacro %}
