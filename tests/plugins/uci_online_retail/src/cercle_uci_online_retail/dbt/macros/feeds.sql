-- Returns a mapping: input of cercle -> staging models of this plugin that feed it.
{% macro feeds() -%}
    {{ return({
        'orders': ['stg_uci_online_retail__orders'],
        'order_lines': ['stg_uci_online_retail__order_lines'],
    }) }}
{%- endmacro %}
