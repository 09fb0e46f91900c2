-- Returns the first month end after an instant: the first moment at which a period of customer_value can know of it. Null gives null.
{% macro month_end(instant) -%}
    ((date_trunc('month', {{ instant }} at time zone '{{ var("cercle_time_zone") }}') + interval '1 month') at time zone '{{ var("cercle_time_zone") }}')
{%- endmacro %}
