-- Who a person is follows the registers (loyalty, web account, till, then what was written elsewhere); where and how a person lives
-- follows the newest word. Ties by record key, never by order of loading.
with

attributes_observed as (
    select * from {{ ref('int_attributes_observed') }}
),

record_customers as (
    select * from {{ ref('int_record_customers') }}
),

owned as (
    select
        record_customers.customer_id,
        attributes_observed.*,
        case
            when attributes_observed.attribute in ('title', 'given_name', 'family_name', 'birth_date', 'gender') then 'register_then_newest'
            else 'newest'
        end as survivorship_rule
    from attributes_observed
    inner join record_customers on attributes_observed.record_key = record_customers.record_key
),

-- Of the records that say the same, the best one stands for the value.
values_found as (
    select
        *,
        row_number() over (
            partition by customer_id, attribute, attribute_value
            order by
                case survivorship_rule when 'newest' then 0 else priority end,
                observed_at desc,
                priority,
                record_key
        ) as value_rank
    from owned
),

ranked as (
    select
        record_key || ':' || attribute as customer_attribute_id,
        customer_id,
        record_key,
        source_name,
        attribute,
        attribute_value,
        survivorship_rule,
        row_number() over best as rank,
        row_number() over best = 1 as is_chosen,
        observed_at
    from values_found
    where value_rank = 1
    window best as (
        partition by customer_id, attribute
        order by
            case survivorship_rule when 'newest' then 0 else priority end,
            observed_at desc,
            priority,
            record_key
    )
)

select * from ranked
