-- What people say and what they do stand apart. The stated channel is preferred where there is one, else the most used one; equal
-- use goes to the channel used last.
with

inbound_contacts as (
    select * from {{ ref('int_inbound_contacts_listed') }}
),

stated_channels as (
    select * from {{ ref('int_channels_stated') }}
),

observed as (
    select
        customer_id,
        channel,
        count(*) as inbound_count,
        max(occurred_at) as last_contact_at
    from inbound_contacts
    where customer_id is not null
    group by customer_id, channel
),

joined as (
    select
        coalesce(observed.customer_id, stated_channels.customer_id) as customer_id,
        coalesce(observed.channel, stated_channels.channel) as channel,
        coalesce(observed.inbound_count, 0) as inbound_count,
        stated_channels.customer_id is not null as is_stated,
        stated_channels.stated_at,
        observed.last_contact_at
    from observed
    full outer join stated_channels
        on observed.customer_id = stated_channels.customer_id
        and observed.channel = stated_channels.channel
),

placed as (
    select
        *,
        row_number() over (
            partition by customer_id order by inbound_count desc, last_contact_at desc nulls last, channel
        ) as use_rank,
        sum(inbound_count) over (partition by customer_id) as customer_inbound_count,
        bool_or(is_stated) over (partition by customer_id) as has_stated
    from joined
),

ranked as (
    select
        *,
        case when inbound_count > 0 then use_rank end as observed_rank
    from placed
),

preferred as (
    select
        customer_id,
        channel,
        case when is_stated then 'stated' when not has_stated and observed_rank = 1 then 'observed' end as preference_basis,
        inbound_count,
        case when customer_inbound_count > 0 then trim_scale(round(inbound_count / customer_inbound_count, 4)) end as inbound_share,
        observed_rank,
        is_stated,
        is_stated or (not has_stated and observed_rank = 1) as is_preferred,
        stated_at,
        last_contact_at
    from ranked
)

select * from preferred
