-- Returns the company's day of an instant: the date in the time zone of var cercle_time_zone. Null gives null.
{% macro local_date(instant) -%}
    ({{ instant }} at time zone '{{ var("cercle_time_zone") }}')::date
{%- endmacro %}
