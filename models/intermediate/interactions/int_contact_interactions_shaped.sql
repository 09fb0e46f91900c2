{{ config(materialized='ephemeral') }}

with

contacts as (
    {{ cercle.union_inputs('contacts') }}
),

shaped as (
    select
        {{ cercle.shape_interaction({
            'interaction_id': 'record_key',
            'source_name': 'source_name',
            'parent_key': "'contacts:' || source_name || ':' || in_reply_to",
            'thread_key': "'contact:' || source_name || ':' || thread_id",
            'agent_id': 'agent_id',
            'order_number': 'order_id',
            'case_id': 'case_id',
            'brand_id': 'brand_id',
            'channel': 'channel',
            'kind': "'message'",
            'direction': 'direction',
            'venue': 'coalesce(authority_name, channel)',
            'venue_control': "case when channel = 'authority' then 'third_party' else 'owned' end",
            'language': 'language',
            'device': 'device',
            'authority_name': 'authority_name',
            'subject': 'subject',
            'body': 'body',
            'is_automatic': 'coalesce(is_automatic, false)',
            'is_bulk': 'false',
            'occurred_at': 'occurred_at',
            '_load_id': '_load_id',
        }) }}
    from contacts
)

select * from shaped
