{{ config(meta={'key': 'call_key', 'changes': {'contact_point': ['contact_point']}}) }}

-- Outbound calls for a campaign, and those that others made for the company.
with

calls as (
    {{ cercle.union_inputs('calls', where="direction = 'outbound' and campaign_id is not null") }}
),

regions as (
    {{ cercle.source_regions() }}
),

pseudonyms as (
    select *
    from {{ source('privacy', 'contact_points') }}
),

listed as (
    select
        'main' as ledger,
        calls.record_key as call_key,
        coalesce(pseudonyms.ledger_key, normalised_values.value_key) as contact_point,
        calls.started_at as called_at,
        calls.started_at as known_from
    from calls
    left join regions on calls.source_name = regions.source_name
    inner join {{ source('ops', 'normalised_values') }} as normalised_values
        on normalised_values.value_type = 'phone'
        and normalised_values.region = coalesce(regions.region, '')
        and normalised_values.original_hash = md5(calls.to_number)::uuid
    left join pseudonyms on normalised_values.value_key = pseudonyms.contact_point_key
    where normalised_values.value_key is not null

    union all

    select
        ledger,
        'call_log:' || call_id as call_key,
        contact_point_key as contact_point,
        called_at,
        recorded_at as known_from
    from {{ source('privacy', 'call_log') }}
    where ledger = 'main'
)

select * from listed
