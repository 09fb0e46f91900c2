-- Returns the condition that a row with a period of validity (valid_from, valid_to) holds at an instant or day: what was known by then.
-- `relation`: alias in front of the columns, where the query has several. Null gives no row.
{% macro holds_at(instant, relation=none) -%}
    {%- set prefix = relation ~ '.' if relation else '' -%}
    {{ prefix }}valid_from <= {{ instant }} and coalesce({{ prefix }}valid_to, 'infinity') > {{ instant }}
{%- endmacro %}
