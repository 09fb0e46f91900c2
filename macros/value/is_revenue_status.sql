-- Returns a condition: an order in this state adds to net revenue. Cancelled and pending ones do not; what is returned comes with
-- its negative lines. Null gives null.
{% macro is_revenue_status(status) -%}
    {{ status }} in ('completed', 'returned')
{%- endmacro %}
