with

proposed as (
    select *
    from {{ ref('int_id_redirects_proposed') }}
    where kind = 'customer'
),

published as (
    select *
    from {{ source('identity', 'redirects') }}
    where kind = 'customer' and known_to = 'infinity'
),

published_ids as (
    select *
    from {{ source('identity', 'ids') }}
    where kind = 'customer'
),

final as (
    select
        -- ids
        proposed.retired_id,
        proposed.successor_id as customer_id,

        -- timestamps
        case
            when published.successor_id = proposed.successor_id then published.known_from
            when proposed.successor_id is null then coalesce(published_ids.retired_at, {{ cercle.as_of() }})
            else {{ cercle.as_of() }}
        end as redirected_at
    from proposed
    left join published on proposed.retired_id = published.retired_id
    left join published_ids on proposed.retired_id = published_ids.id
)

select * from final
