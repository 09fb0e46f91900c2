-- A household that received the mailing was sent it when the campaign began; the file carries no date of its own.
with

source as (
    select *
    from {{ source('raw', 'complete_journey__campaigns') }}
    where {{ cercle.is_admitted() }}
),

campaign_starts as (
    select
        source_name,
        campaign_id,
        starts_at
    from {{ ref('stg_complete_journey__campaigns') }}
    where is_current_version
),

sent as (
    select
        -- ids
        'campaign_events:' || source._source || ':' || source.campaign_id || ':' || source.household_id as record_key,
        source._source as source_name,
        source.campaign_id || ':' || source.household_id as event_id,
        source.campaign_id,
        source.household_id as customer_ref,

        -- strings
        'sent' as kind,

        -- booleans
        row_number() over (
            partition by source._source, source.campaign_id, source.household_id
            order by source._row_hash desc, source._row_id
        ) = 1 as is_current_version,

        -- timestamps
        campaign_starts.starts_at as occurred_at,

        -- load metadata
        source._load_id,
        source._row_id,
        source._line,
        source._extra
    from source
    inner join campaign_starts
        on source._source = campaign_starts.source_name
        and source.campaign_id = campaign_starts.campaign_id
)

select * from sent
