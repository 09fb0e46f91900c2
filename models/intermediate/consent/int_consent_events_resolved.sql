-- The ledger keeps what withdrawn deliveries brought; it counts for nothing.
with

ledger as (
    select *
    from {{ source('privacy', 'consent_events') }}
    where ledger = 'main' and (load_id is null or {{ cercle.is_admitted('load_id') }})
),

resolved as (
    {{ cercle.resolve_consent_events('ledger', source('privacy', 'event_types')) }}
)

select * from resolved
