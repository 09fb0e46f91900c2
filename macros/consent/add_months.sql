-- Returns SQL for an instant some calendar months later, counted in UTC whatever the session's time zone. Null gives null.
{% macro add_months(instant, months) -%}
(({{ instant }} at time zone 'UTC') + make_interval(months => {{ months }})) at time zone 'UTC'
{%- endmacro %}
