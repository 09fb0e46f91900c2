-- Quintiles among the customers with an order, at each month end. Equal values get equal scores: the rank is the share of
-- customers with a smaller value, so neither chance nor an id decides. Computed whole on each build: a rank is everybody's.
with

months_valued as (
    select * from {{ ref('int_customer_months_valued') }}
),

rfm_segments as (
    select * from {{ ref('rfm_segments') }}
),

ranked as (
    select
        *,
        1 + least(4, floor(5 * percent_rank() over (partition by month_end_at order by last_order_at)))::integer
            as recency_score,
        1 + least(4, floor(5 * percent_rank() over (partition by month_end_at order by order_count)))::integer
            as frequency_score,
        1 + least(4, floor(5 * percent_rank() over (partition by month_end_at order by net_amount)))::integer
            as monetary_score
    from months_valued
    where order_count > 0
),

scored as (
    select
        months_valued.customer_id,
        months_valued.month_end_at,
        months_valued.next_month_end_at,
        ranked.recency_score,
        ranked.frequency_score,
        ranked.monetary_score,
        rfm_segments.segment,
        case
            when months_valued.order_count <= 0 then 'prospect'
            when months_valued.first_order_at
                >= months_valued.month_end_at - {{ var('cercle_lifecycle_days')['new'] }} * interval '1 day' then 'new'
            when months_valued.last_order_at
                >= months_valued.month_end_at - {{ var('cercle_lifecycle_days')['active'] }} * interval '1 day' then 'active'
            when months_valued.last_order_at
                >= months_valued.month_end_at - {{ var('cercle_lifecycle_days')['lapsing'] }} * interval '1 day' then 'lapsing'
            else 'lapsed'
        end as lifecycle
    from months_valued
    left join ranked
        on months_valued.customer_id = ranked.customer_id
        and months_valued.month_end_at = ranked.month_end_at
    left join rfm_segments
        on ranked.recency_score = rfm_segments.recency_score
        and ranked.frequency_score = rfm_segments.frequency_score
)

select * from scored
