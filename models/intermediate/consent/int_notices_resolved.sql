with

notice_versions as (
    select *
    from {{ source('privacy', 'notice_versions') }}
    where ledger = 'main' and (load_id is null or {{ cercle.is_admitted('load_id') }})
),

resolved as (
    {{ cercle.resolve_notices('notice_versions') }}
)

select * from resolved
