-- Returns a mapping: input of cercle -> staging models of this plugin that feed it.
{% macro feeds() -%}
    {{ return({
        'customers': ['stg_complete_journey__customers'],
        'orders': ['stg_complete_journey__orders'],
        'order_lines': ['stg_complete_journey__order_lines'],
        'campaigns': ['stg_complete_journey__campaigns'],
        'campaign_events': ['stg_complete_journey__campaign_events', 'stg_complete_journey__coupon_redemptions'],
    }) }}
{%- endmacro %}
