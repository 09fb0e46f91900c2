-- Net revenue as a series of additions and removals, each at the moment from which it was known. An order's amount holds while the
-- order is in a state that counts and the line's version is the one known; a later return or cancellation takes away later.
with

order_versions as (
    select * from {{ ref('int_order_versions') }}
),

order_line_versions as (
    select * from {{ ref('int_order_line_versions') }}
),

orders_with_lines as (
    select distinct order_id
    from order_line_versions
),

-- Without lines, the order's own total stands for them.
amount_periods as (
    select
        order_id,
        currency_code,
        line_amount as net_amount,
        known_from,
        known_to
    from order_line_versions
    union all
    select
        order_versions.order_id,
        order_versions.currency_code,
        order_versions.total_amount as net_amount,
        order_versions.known_from,
        order_versions.known_to
    from order_versions
    left join orders_with_lines on order_versions.order_id = orders_with_lines.order_id
    where orders_with_lines.order_id is null
),

counted_amounts as (
    select
        amount_periods.order_id,
        amount_periods.currency_code,
        order_versions.ordered_at,
        amount_periods.net_amount,
        greatest(order_versions.known_from, amount_periods.known_from) as counted_from,
        least(order_versions.known_to, amount_periods.known_to) as counted_to
    from order_versions
    inner join amount_periods
        on order_versions.order_id = amount_periods.order_id
        and order_versions.known_from < amount_periods.known_to
        and order_versions.known_to > amount_periods.known_from
    where {{ cercle.is_revenue_status('order_versions.status') }}
        and order_versions.known_from < order_versions.known_to
        and amount_periods.known_from < amount_periods.known_to
),

changes as (
    select
        order_id,
        currency_code,
        ordered_at,
        net_amount as net_amount_change,
        counted_from as changed_at
    from counted_amounts
    union all
    select
        order_id,
        currency_code,
        ordered_at,
        -net_amount as net_amount_change,
        counted_to as changed_at
    from counted_amounts
    where counted_to < 'infinity'
),

summed as (
    select
        order_id,
        currency_code,
        ordered_at,
        changed_at,
        sum(net_amount_change) as net_amount_change
    from changes
    group by order_id, currency_code, ordered_at, changed_at
    having sum(net_amount_change) <> 0
)

select * from summed
