{{ config(materialized='ephemeral') }}

with

messages as (
    {{ cercle.union_inputs('messages') }}
),

shaped as (
    select
        {{ cercle.shape_interaction({
            'interaction_id': 'record_key',
            'source_name': 'source_name',
            'parent_key': "'messages:' || source_name || ':' || in_reply_to",
            'thread_key': "'email:' || source_name || ':' || thread_id",
            'party_key': "md5(lower(trim(case when direction = 'inbound' then from_address else to_address end)))",
            'agent_id': 'agent_id',
            'order_number': 'order_id',
            'case_id': 'case_id',
            'campaign_number': 'campaign_id',
            'brand_id': 'brand_id',
            'channel': "'email'",
            'kind': "'message'",
            'direction': 'direction',
            'platform': 'null',
            'venue': 'mailbox',
            'venue_control': "'owned'",
            'language': 'language',
            'subject': 'subject',
            'body': 'body',
            'is_automatic': 'coalesce(is_automatic, false)',
            'is_bulk': 'coalesce(is_bulk, false)',
            'occurred_at': 'occurred_at',
            '_load_id': '_load_id',
        }) }}
    from messages
)

select * from shaped
