-- What the registers and the events say of a person, as written, one row per record and attribute. Names that a mail programme or a
-- network shows (accounts, callbacks) are full names; nothing is taken apart here.
{%- set feeds = [
    ('customers', "case kind when 'loyalty' then 1 when 'web_account' then 2 else 3 end", 'updated_at', {
        'title': 'title', 'given_name': 'first_name', 'family_name': 'last_name', 'birth_date': 'birth_date::text',
        'gender': "nullif(gender, 'unknown')", 'address_line': 'address_line', 'postcode': 'postcode', 'city': 'city',
        'country_code': 'country_code', 'language': 'language', 'preferred_channel': 'preferred_channel'}),
    ('requests', '4', 'updated_at', {
        'given_name': 'first_name', 'family_name': 'last_name', 'birth_date': 'birth_date::text', 'address_line': 'address_line',
        'postcode': 'postcode', 'city': 'city'}),
    ('contacts', '5', 'occurred_at', {
        'given_name': 'first_name', 'family_name': 'last_name', 'birth_date': 'birth_date::text', 'address_line': 'address_line',
        'postcode': 'postcode', 'city': 'city', 'language': 'language'}),
    ('orders', '6', 'updated_at', {
        'given_name': 'first_name', 'family_name': 'last_name', 'postcode': 'postcode', 'city': 'city'}),
    ('callbacks', '7', 'updated_at', {'full_name': 'full_name', 'language': 'language'}),
    ('accounts', '8', 'updated_at', {'full_name': 'display_name', 'city': 'city', 'language': 'language'}),
] %}
with

{%- for input, priority, observed_at, attributes in feeds %}

{{ input }} as (
    {{ cercle.union_inputs(input) }}
),
{%- endfor %}

observed as (
    {%- for input, priority, observed_at, attributes in feeds %}
    {%- for attribute, expression in attributes.items() %}
    select
        record_key,
        source_name,
        {{ priority }} as priority,
        {{ observed_at }} as observed_at,
        '{{ attribute }}' as attribute,
        trim({{ expression }}) as attribute_value
    from {{ input }}
    where trim({{ expression }}) <> ''
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from observed
