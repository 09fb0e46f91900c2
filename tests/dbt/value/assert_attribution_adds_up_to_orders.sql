-- Per model and currency, what is attributed is the net amount of the orders that count, no more and no less. Returns what differs.
with

attributed as (
    select
        model,
        currency_code,
        sum(attributed_amount) as attributed_amount
    from {{ ref('attribution') }}
    group by model, currency_code
),

ordered as (
    select
        currency_code,
        sum(net_amount) as net_amount
    from {{ ref('orders') }}
    where is_revenue
    group by currency_code
)

select
    attributed.model,
    ordered.currency_code,
    attributed.attributed_amount,
    ordered.net_amount
from ordered
left join attributed on ordered.currency_code = attributed.currency_code
where attributed.attributed_amount is distinct from ordered.net_amount
