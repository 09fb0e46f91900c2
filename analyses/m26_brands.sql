-- M26. One customer across brands: orders, net revenue and contacts per brand, and the customers who have more than one brand.
with

brand_orders as (
    select
        brand_id,
        currency_code,
        count(*) filter (where status = 'completed') as order_count,
        count(distinct customer_id) as customer_count,
        sum(net_amount) filter (where is_revenue) as net_amount
    from marts.orders
    group by brand_id, currency_code
),

brand_contacts as (
    select
        brand_id,
        count(*) as contact_count
    from marts.interactions
    where direction = 'inbound' and not is_automatic
    group by brand_id
),

several_brands as (
    select customer_id
    from marts.orders
    where customer_id is not null
    group by customer_id
    having count(distinct brand_id) > 1
)

select
    brand_orders.*,
    brand_contacts.contact_count,
    (select count(*) from several_brands) as customers_of_several_brands_count
from brand_orders
left join brand_contacts on brand_orders.brand_id = brand_contacts.brand_id
order by brand_orders.brand_id, brand_orders.currency_code;
