-- Returns the list of inputs that say something of a person, and what: the one place to add an input or a column.
-- Each: input (see var cercle_inputs), is_profile (a register of persons, not an event), occurred_at, seen_at (SQL; never null),
-- where (optional SQL), values: list of {attribute, value, prefix}. `prefix` stands before the value and a colon, so that
-- loyalty_id=123 of two systems, or a handle of two networks, are two identifiers.
-- Source plugins add whole inputs by var cercle_identity_extra_inputs; further feeds of these inputs come by themselves.
{% macro identity_inputs() -%}
    {%- set of_itself = {'attribute': 'customer_ref', 'value': 'customer_ref', 'prefix': 'source_name'} -%}
    {%- set of_another = {'attribute': 'customer_ref', 'value': 'customer_ref', 'prefix': 'coalesce(customer_source, source_name)'} -%}
    {%- set loyalty = {'attribute': 'loyalty_id', 'value': 'loyalty_id', 'prefix': 'source_name'} -%}
    {%- set email = {'attribute': 'email', 'value': 'email'} -%}
    {%- set phone = {'attribute': 'phone', 'value': 'phone'} -%}
    {%- set order = {'attribute': 'order', 'value': 'order_id'} -%}
    {%- set case = {'attribute': 'case', 'value': 'case_id'} -%}
    {%- set names = [{'attribute': 'given_name', 'value': 'first_name'}, {'attribute': 'family_name', 'value': 'last_name'}] -%}
    {%- set birth_date = {'attribute': 'birth_date', 'value': 'birth_date'} -%}
    {%- set towns = [{'attribute': 'postcode', 'value': 'postcode'}, {'attribute': 'city', 'value': 'city'}] -%}
    {%- set address = {'attribute': 'postal_address', 'value': 'address_line'} -%}
    {{ return([
        {
            'input': 'customers', 'is_profile': true,
            'occurred_at': 'coalesce(created_at, updated_at)', 'seen_at': 'updated_at',
            'values': [of_itself, loyalty, email, phone, {'attribute': 'phone', 'value': 'phone_2'}, birth_date, address] + names + towns,
        },
        {
            'input': 'accounts', 'is_profile': true,
            'occurred_at': 'coalesce(created_at, updated_at)', 'seen_at': 'updated_at',
            'where': 'is_brand_account is not true',
            'values': [
                of_another, email, phone,
                {'attribute': 'account_ref', 'value': 'account_ref'},
                {'attribute': 'handle', 'value': 'handle', 'prefix': 'platform'},
                {'attribute': 'full_name', 'value': 'display_name'},
                {'attribute': 'city', 'value': 'city'},
            ],
        },
        {
            'input': 'orders', 'is_profile': false, 'occurred_at': 'ordered_at', 'seen_at': 'updated_at',
            'values': [of_itself, loyalty, email, phone, order] + names + towns,
        },
        {
            'input': 'visits', 'is_profile': false, 'occurred_at': 'occurred_at', 'seen_at': 'occurred_at',
            'values': [of_itself, loyalty, email, phone, order, case],
        },
        {
            'input': 'social_interactions', 'is_profile': false, 'occurred_at': 'occurred_at', 'seen_at': 'occurred_at',
            'values': [
                {'attribute': 'account_ref', 'value': 'case when is_from_brand then recipient_ref else author_ref end'},
            ],
        },
        {
            'input': 'messages', 'is_profile': false, 'occurred_at': 'occurred_at', 'seen_at': 'occurred_at',
            'values': [
                order, case,
                {'attribute': 'email', 'value': "case direction when 'inbound' then from_address else to_address end"},
                {'attribute': 'full_name', 'value': "case direction when 'inbound' then from_name else to_name end"},
            ],
        },
        {
            'input': 'campaign_events', 'is_profile': false, 'occurred_at': 'occurred_at', 'seen_at': 'occurred_at',
            'values': [of_another, email],
        },
        {
            'input': 'calls', 'is_profile': false, 'occurred_at': 'started_at', 'seen_at': 'started_at',
            'values': [
                of_another, order, case,
                {'attribute': 'phone', 'value': "case direction when 'inbound' then from_number else to_number end"},
            ],
        },
        {
            'input': 'callbacks', 'is_profile': false, 'occurred_at': 'requested_at', 'seen_at': 'updated_at',
            'values': [email, phone, order, case, {'attribute': 'full_name', 'value': 'full_name'}],
        },
        {
            'input': 'contacts', 'is_profile': false, 'occurred_at': 'occurred_at', 'seen_at': 'occurred_at',
            'values': [
                of_another, email, phone, birth_date, address, order, case,
                {'attribute': 'thread', 'value': 'thread_id', 'prefix': "source_name || ':' || channel"},
            ] + names + towns,
        },
        {
            'input': 'survey_answers', 'is_profile': false, 'occurred_at': 'answered_at', 'seen_at': 'answered_at',
            'values': [of_another, email],
        },
        {
            'input': 'group_bookings', 'is_profile': false,
            'occurred_at': 'coalesce(booked_at, updated_at)', 'seen_at': 'updated_at',
            'values': [of_another, email, phone, order] + names,
        },
        {
            'input': 'consent_events', 'is_profile': false,
            'occurred_at': 'coalesce(occurred_at, recorded_at)', 'seen_at': 'recorded_at',
            'values': [
                {'attribute': 'customer_ref', 'value': 'source_ref', 'prefix': 'source_system'},
                {'attribute': 'contact_point', 'value': 'contact_point'},
                {'attribute': 'contact_point', 'value': 'from_contact_point'},
                {'attribute': 'contact_point', 'value': 'to_contact_point'},
            ],
        },
        {
            'input': 'requests', 'is_profile': false, 'occurred_at': 'coalesce(received_at, updated_at)', 'seen_at': 'updated_at',
            'values': [of_another, email, phone, birth_date, address] + names + towns,
        },
    ] + var('cercle_identity_extra_inputs', [])) }}
{%- endmacro %}
