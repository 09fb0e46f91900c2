-- Returns a query: (figure_key, own_figure, own_definition), one row per figure of sales that the marts answer. Reads the steps orders and interactions
-- of the model that calls it. A figure is null where there is nobody to count.
{% macro market_figures_of_sales() -%}
with

contacted_orders as (
    select distinct order_id
    from interactions
    where order_id is not null
        and direction = 'inbound'
        and not is_automatic
        and kind <> 'pick_up'
),

shares as (
    select
        100.0 * count(contacted_orders.order_id) filter (where orders.sales_channel = 'web')
        / nullif(count(*) filter (where orders.sales_channel = 'web'), 0) as contacted_per_100,
        100.0 * sum(orders.net_amount) filter (
            where orders.sales_channel = 'mobile_app' and orders.is_revenue and orders.currency_code = '{{ var("cercle_currency") }}'
        )
        / nullif(
            sum(orders.net_amount) filter (where orders.is_revenue and orders.currency_code = '{{ var("cercle_currency") }}'), 0
        ) as app_percent,
        100.0 * count(*) filter (where orders.sales_channel = 'social') / nullif(count(*), 0) as social_percent,
        100.0 * count(*) filter (where orders.device in ('mobile', 'tablet')) / nullif(count(*), 0) as mobile_percent
    from orders
    left join contacted_orders on orders.order_id = contacted_orders.order_id
),

figures as (
    select
        named.figure_key,
        named.own_figure,
        named.own_definition
    from shares
    cross join lateral (
        values
        (
            'm8_contacts_per_100_orders',
            shares.contacted_per_100,
            'Web orders that a contact of the customer names (fetching a parcel is none), per 100 web orders'
        ),
        ('m14_app_share_of_sales', shares.app_percent, 'Net revenue through the mobile application, of all net revenue'),
        ('m20_buy_on_social', shares.social_percent, 'Orders placed on a network, of all orders'),
        ('m23_use_mobile', shares.mobile_percent, 'Orders from a mobile or a tablet, of all orders')
    ) as named (figure_key, own_figure, own_definition)
)

select * from figures
{%- endmacro %}
