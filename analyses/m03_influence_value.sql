-- M3. A customer of little profit may influence profitable ones: the customers below the median of own value whose influenced value is
-- greater than it, with the evidence. Influenced value is others' own value: never add total values up over customers.
with

current_values as (
    select *
    from marts.customer_value
    where is_current
),

median as (
    select percentile_cont(0.5) within group (order by own_value_amount) as own_value_amount
    from current_values
    where order_count > 0
)

select
    current_values.customer_id,
    customer_360.display_name,
    current_values.own_value_amount,
    current_values.influenced_value_amount,
    current_values.total_value_amount,
    current_values.currency_code,
    customer_influence.referral_count,
    customer_influence.reply_received_count
from current_values
cross join median
inner join marts.customer_360 on current_values.customer_id = customer_360.customer_id
inner join marts.customer_influence
    on current_values.customer_id = customer_influence.customer_id
    and customer_influence.is_current
where current_values.own_value_amount < median.own_value_amount
    and current_values.influenced_value_amount > current_values.own_value_amount
order by current_values.influenced_value_amount desc;
