-- Returns a select list: the columns of an interaction in their fixed order, each from `columns` (name: expression), else a typed null.
-- A name that no interaction has stops the compile.
{% macro shape_interaction(columns) -%}
    {%- set shape = {
        'interaction_id': 'text', 'source_name': 'text', 'parent_key': 'text', 'thread_key': 'text', 'party_key': 'text',
        'author_ref': 'text', 'recipient_ref': 'text', 'agent_id': 'text', 'order_number': 'text', 'case_id': 'text',
        'campaign_number': 'text', 'brand_id': 'text', 'store_id': 'text', 'channel': 'text', 'kind': 'text',
        'direction': 'text', 'platform': 'text', 'venue': 'text', 'venue_control': 'text', 'language': 'text',
        'device': 'text', 'outcome': 'text', 'reason': 'text', 'authority_name': 'text', 'subject': 'text', 'body': 'text',
        'rating': 'numeric', 'rating_max': 'numeric', 'likes_count': 'bigint', 'shares_count': 'bigint',
        'is_automatic': 'boolean', 'is_bulk': 'boolean', 'is_transferred': 'boolean', 'occurred_at': 'timestamptz',
        'promised_at': 'timestamptz', 'answered_at': 'timestamptz', 'ended_at': 'timestamptz', '_load_id': 'bigint',
    } -%}
    {%- for name in columns if name not in shape -%}
        {{ exceptions.raise_compiler_error("shape_interaction: column must be one of " ~ shape.keys() | join(', ') ~ "; got '" ~ name ~ "'") }}
    {%- endfor -%}
    {%- for name, type in shape.items() %}
        ({{ columns.get(name, 'null') }})::{{ type }} as {{ name }}{{ "," if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
