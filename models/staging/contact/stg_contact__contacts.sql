with

source as (
    select *
    from {{ source('raw', 'contact__contacts') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'contacts:' || _source || ':' || contact_id as record_key,
        _source as source_name,
        contact_id,
        customer_ref,
        thread_id,
        order_id,
        case_id,
        agent_id,
        brand_id,

        -- strings
        channel,
        direction,
        customer_source,
        first_name,
        last_name,
        email,
        phone,
        address_line,
        postcode,
        city,
        in_reply_to,
        authority_name,
        subject,
        body,
        language,
        device,

        -- booleans
        is_automatic,
        {{ cercle.is_current_version(['contact_id']) }} as is_current_version,

        -- dates
        birth_date,

        -- timestamps
        occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
