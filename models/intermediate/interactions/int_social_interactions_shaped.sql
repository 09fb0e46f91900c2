{{ config(materialized='ephemeral') }}

-- The direction is the source's word where it says who wrote; int_interactions_directed asks the brand's accounts otherwise.
with

social_interactions as (
    {{ cercle.union_inputs('social_interactions') }}
),

shaped as (
    select
        {{ cercle.shape_interaction({
            'interaction_id': 'record_key',
            'source_name': 'source_name',
            'parent_key': "'interactions:' || source_name || ':' || parent_id",
            'thread_key': "'social:' || source_name || ':' || platform || ':' || conversation_id",
            'author_ref': 'author_ref',
            'recipient_ref': 'recipient_ref',
            'agent_id': 'agent_id',
            'order_number': 'order_id',
            'case_id': 'case_id',
            'campaign_number': 'campaign_id',
            'brand_id': 'brand_id',
            'channel': "'social'",
            'kind': 'kind',
            'direction': "case when is_from_brand then 'outbound' when not is_from_brand then 'inbound' end",
            'platform': 'platform',
            'venue': 'venue',
            'venue_control': 'venue_control',
            'language': 'language',
            'body': 'body',
            'rating': 'rating',
            'rating_max': 'rating_max',
            'likes_count': 'likes_count',
            'shares_count': 'shares_count',
            'is_automatic': 'false',
            'is_bulk': 'false',
            'occurred_at': 'occurred_at',
            '_load_id': '_load_id',
        }) }}
    from social_interactions
)

select * from shaped
