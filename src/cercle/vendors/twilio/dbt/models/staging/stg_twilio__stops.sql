-- The words that Twilio obeys, and the French ones. Twilio's own list binds one sender: here the stop holds for all text messages.
with

source as (
    select *
    from {{ source('raw', 'twilio__messages') }}
    where {{ cercle.is_admitted() }}
        and direction = 'inbound'
        and upper(btrim(body, ' .!')) in ('STOP', 'STOPALL', 'STOP SMS', 'ARRET', 'ARRÊT', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT')
),

renamed as (
    select
        -- ids
        'consent_events:' || _source || ':' || _source || ':stop:' || message_id as record_key,
        _source as source_name,
        'stop:' || message_id as event_id,

        -- strings
        _source as source_system,
        'consent_withdrawn' as type,
        'tel:' || from_number as contact_point,
        'sms' as channel,
        'subject' as actor,
        'stop_word' as method,

        -- booleans
        {{ cercle.is_current_version(['message_id'], 'updated_at') }} as is_current_version,

        -- timestamps
        sent_at as recorded_at,
        sent_at as occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
