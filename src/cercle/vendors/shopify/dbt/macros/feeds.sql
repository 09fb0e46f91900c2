-- Returns a mapping: input of cercle -> staging models of this plugin that feed it.
{% macro feeds() -%}
    {{ return({
        'customers': ['stg_shopify__customers'],
        'orders': ['stg_shopify__orders'],
        'order_lines': ['stg_shopify__order_lines', 'stg_shopify__refund_lines'],
        'consent_events': ['stg_shopify__consents'],
    }) }}
{%- endmacro %}
