-- M14. Sales by sales channel and device (the second half of the row; recurring requests come with the voice issue). Per currency.
select
    sales_channel,
    device,
    currency_code,
    count(*) as order_count,
    sum(net_amount) as net_amount,
    round(100.0 * sum(net_amount) / nullif(sum(sum(net_amount)) over (partition by currency_code), 0), 2) as net_percent
from marts.orders
where is_revenue
group by sales_channel, device, currency_code
order by currency_code, net_amount desc;
