-- A call comes in by the contexts of trunks (var cercle_asterisk_inbound_contexts), else it goes out. Where the other side is an extension of
-- the house (up to six digits, or none), nobody outside was called. Asterisk calls answered what a menu or a voice mail takes too.
{%- set inbound_contexts = var('cercle_asterisk_inbound_contexts', ['from-trunk', 'from-pstn', 'from-did-direct', 'ext-did', 'incoming']) %}
with

source as (
    select *
    from {{ source('raw', 'asterisk__calls') }}
    where {{ cercle.is_admitted() }}
),

directed as (
    select
        *,
        context in (
            {%- for inbound_context in inbound_contexts %}
            '{{ inbound_context }}'{{ "," if not loop.last }}
            {%- endfor %}
        ) as is_inbound
    from source
),

renamed as (
    select
        -- ids
        'calls:' || _source || ':' || call_id as record_key,
        _source as source_name,
        call_id,

        -- strings
        case when is_inbound then 'inbound' else 'outbound' end as direction,
        from_number,
        to_number,
        case when last_application = 'Queue' then split_part(last_data, ',', 1) end as queue,
        case
            when last_application = 'VoiceMail' then 'voicemail'
            when disposition = 'ANSWERED' then 'answered'
            when last_application = 'Queue' then 'abandoned'
            else 'missed'
        end as outcome,

        -- booleans
        {{ cercle.is_current_version(['call_id'], 'ended_at') }} as is_current_version,

        -- timestamps
        started_at,
        answered_at,
        ended_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from directed
    where length(regexp_replace(case when is_inbound then from_number else to_number end, '[^0-9]', '', 'g')) > 6
)

select * from renamed
