with

source as (
    select *
    from {{ source('raw', 'contact__group_bookings') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'group_bookings:' || _source || ':' || booking_id || ':' || member_number::text as record_key,
        _source as source_name,
        booking_id,
        customer_ref,
        order_id,
        brand_id,

        -- strings
        customer_source,
        first_name,
        last_name,
        email,
        phone,
        event_name,

        -- numerics
        member_number,

        -- booleans
        is_organiser,
        {{ cercle.is_current_version(['booking_id', 'member_number'], 'updated_at') }} as is_current_version,

        -- timestamps
        updated_at,
        booked_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
