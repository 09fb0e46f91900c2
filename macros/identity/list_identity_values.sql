-- Returns a query: one row per version of a record of one input and value that says something of a person, as written:
-- (record_key, source_name, entity, is_profile, is_current, occurred_at, seen_at, attribute, prefix, original).
-- `input`: an element of identity_inputs(). `where`: a condition on record_key, by which records are left out.
{% macro list_identity_values(input, where='true') -%}
    select
        versions.record_key,
        versions.source_name,
        split_part(versions.record_key, ':', 1) as entity,
        {{ input.is_profile }} as is_profile,
        versions.is_current_version as is_current,
        {{ input.occurred_at }} as occurred_at,
        {{ input.seen_at }} as seen_at,
        listed.attribute,
        listed.prefix,
        listed.original
    from ({{ cercle.union_inputs(input.input, versions='all', where=input.get('where', 'true')) }}) as versions
    cross join lateral (
        values
        {%- for value in input['values'] %}
        ('{{ value.attribute }}', {{ value.get('prefix', "null::text") }}, ({{ value.value }})::text){{ "," if not loop.last }}
        {%- endfor %}
    ) as listed (attribute, prefix, original)
    where listed.original is not null
        and {{ where }}
{%- endmacro %}
