with

source as (
    select *
    from {{ source('raw', 'privacy__consent_events') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'consent_events:' || _source || ':' || source_system || ':' || event_id as record_key,
        _source as source_name,
        event_id,
        source_ref,
        notice_id,
        for_event_id,
        annuls_event_id,
        brand_id,

        -- strings
        source_system,
        type,
        contact_point,
        channel,
        purpose,
        purposes,
        controller,
        scope,
        actor,
        method,
        notice_version,
        evidence,
        from_contact_point,
        to_contact_point,
        language,

        -- booleans
        is_explicit,
        is_double_opt_in,
        {{ cercle.is_current_version(['source_system', 'event_id']) }} as is_current_version,

        -- timestamps
        recorded_at,
        occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
