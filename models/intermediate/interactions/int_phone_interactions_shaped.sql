{{ config(materialized='ephemeral') }}

-- A request to be called back is a contact of its own; the call that honours it is its parent in the thread.
with

calls as (
    {{ cercle.union_inputs('calls') }}
),

callbacks as (
    {{ cercle.union_inputs('callbacks') }}
),

shaped as (
    select
        {{ cercle.shape_interaction({
            'interaction_id': 'record_key',
            'source_name': 'source_name',
            'agent_id': 'agent_id',
            'order_number': 'order_id',
            'case_id': 'case_id',
            'campaign_number': 'campaign_id',
            'brand_id': 'brand_id',
            'channel': "'phone'",
            'kind': "'call'",
            'direction': 'direction',
            'venue': 'queue',
            'venue_control': "'owned'",
            'language': 'language',
            'outcome': 'outcome',
            'reason': 'reason',
            'body': 'transcript',
            'is_automatic': 'false',
            'is_bulk': 'false',
            'is_transferred': "outcome = 'transferred' or transferred_to is not null",
            'occurred_at': 'started_at',
            'answered_at': "coalesce(answered_at, case when outcome in ('answered', 'transferred') then started_at end)",
            'ended_at': 'ended_at',
            '_load_id': '_load_id',
        }) }}
    from calls
    union all
    select
        {{ cercle.shape_interaction({
            'interaction_id': 'record_key',
            'source_name': 'source_name',
            'parent_key': "'calls:' || source_name || ':' || honoured_by_call_id",
            'order_number': 'order_id',
            'case_id': 'case_id',
            'brand_id': 'brand_id',
            'channel': "'phone'",
            'kind': "'callback'",
            'direction': "'inbound'",
            'venue': 'venue',
            'venue_control': "'owned'",
            'language': 'language',
            'body': 'reason',
            'is_automatic': 'false',
            'is_bulk': 'false',
            'occurred_at': 'requested_at',
            'promised_at': 'promised_at',
            'answered_at': 'honoured_at',
            '_load_id': '_load_id',
        }) }}
    from callbacks
)

select * from shaped
