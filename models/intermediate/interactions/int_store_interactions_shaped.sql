{{ config(materialized='ephemeral') }}

-- Face to face is answered when it happens.
with

visits as (
    {{ cercle.union_inputs('visits') }}
),

shaped as (
    select
        {{ cercle.shape_interaction({
            'interaction_id': 'record_key',
            'source_name': 'source_name',
            'agent_id': 'agent_id',
            'order_number': 'order_id',
            'case_id': 'case_id',
            'brand_id': 'brand_id',
            'store_id': 'store_id',
            'channel': "'store'",
            'kind': 'kind',
            'direction': "'inbound'",
            'venue': 'store_id',
            'venue_control': "'owned'",
            'language': 'language',
            'body': 'note',
            'is_automatic': 'false',
            'is_bulk': 'false',
            'occurred_at': 'occurred_at',
            'answered_at': 'occurred_at',
            'ended_at': "occurred_at + duration_seconds * interval '1 second'",
            '_load_id': '_load_id',
        }) }}
    from visits
)

select * from shaped
