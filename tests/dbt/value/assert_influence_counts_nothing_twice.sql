-- At every moment own + influenced - credited to others adds up to own value. Returns the month ends at which it does not.
with

customer_value as (
    select * from {{ ref('customer_value') }}
),

month_ends as (
    select * from {{ ref('int_month_ends_listed') }}
)

select
    month_ends.month_end_at,
    sum(customer_value.influenced_value_amount) as influenced_amount,
    sum(customer_value.credited_to_others_amount) as credited_amount
from month_ends
inner join customer_value
    on month_ends.month_end_at >= customer_value.valid_from
    and month_ends.month_end_at < coalesce(customer_value.valid_to, 'infinity')
group by month_ends.month_end_at
having sum(customer_value.influenced_value_amount) <> sum(customer_value.credited_to_others_amount)
