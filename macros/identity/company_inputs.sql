-- Returns the list of inputs that name the company's own contact points, in the form of identity_inputs(). `is_profile` says that
-- one row is proof enough; else the company's side must be seen at least three times, and more often than people's side.
{% macro company_inputs() -%}
    {{ return([
        {
            'input': 'stores', 'is_profile': true, 'occurred_at': 'updated_at', 'seen_at': 'updated_at',
            'values': [{'attribute': 'phone', 'value': 'phone'}],
        },
        {
            'input': 'accounts', 'is_profile': true, 'occurred_at': 'updated_at', 'seen_at': 'updated_at',
            'where': 'is_brand_account',
            'values': [
                {'attribute': 'account_ref', 'value': 'account_ref'},
                {'attribute': 'handle', 'value': 'handle', 'prefix': 'platform'},
                {'attribute': 'email', 'value': 'email'},
                {'attribute': 'phone', 'value': 'phone'},
            ],
        },
        {
            'input': 'messages', 'is_profile': false, 'occurred_at': 'occurred_at', 'seen_at': 'occurred_at',
            'values': [{'attribute': 'email', 'value': "case direction when 'inbound' then to_address else from_address end"}],
        },
        {
            'input': 'calls', 'is_profile': false, 'occurred_at': 'started_at', 'seen_at': 'started_at',
            'values': [{'attribute': 'phone', 'value': "case direction when 'inbound' then to_number else from_number end"}],
        },
    ]) }}
{%- endmacro %}
