with

source as (
    select *
    from {{ source('raw', 'phone__calls') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'calls:' || _source || ':' || call_id as record_key,
        _source as source_name,
        call_id,
        customer_ref,
        order_id,
        case_id,
        campaign_id,
        agent_id,
        brand_id,

        -- strings
        direction,
        from_number,
        to_number,
        queue,
        outcome,
        transferred_to,
        reason,
        customer_source,
        transcript,
        language,

        -- booleans
        {{ cercle.is_current_version(['call_id']) }} as is_current_version,

        -- timestamps
        started_at,
        answered_at,
        ended_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
