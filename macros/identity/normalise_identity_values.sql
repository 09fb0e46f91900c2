-- Returns a query: the values of all `inputs` (as in identity_inputs()) under their normalised spelling; those that have none
-- are left out. `where`: a condition on record_key, by which records are left out.
-- (record_key, source_name, entity, is_profile, is_current, is_bad, is_role, is_fixed_line, occurred_at, seen_at, attribute,
-- value, value_key). What needs no rule of spelling stays as it is; the rest was normalised once per value, when it was loaded.
{% macro normalise_identity_values(inputs, where='true') -%}
with

regions as (
    {{ cercle.source_regions() }}
),

written as (
    {%- for input in inputs %}
    {{ cercle.list_identity_values(input, where=where) }}
    {%- if not loop.last %}

    union all

    {% endif %}
    {%- endfor %}
),

spelled as (
    select
        written.record_key,
        written.source_name,
        written.entity,
        written.is_profile,
        written.is_current,
        coalesce('bad' = any(normalised_values.flags), false) as is_bad,
        coalesce('role' = any(normalised_values.flags), false) as is_role,
        coalesce('fixed' = any(normalised_values.flags), false) as is_fixed_line,
        written.occurred_at,
        written.seen_at,
        written.prefix,
        normalised_values.value_key,
        case
            when written.attribute <> 'contact_point' then written.attribute
            else {{ cercle.attribute_of_contact_point('normalised_values.normalised') }}
        end as attribute,
        case
            when written.attribute in ('customer_ref', 'loyalty_id', 'birth_date', 'thread', 'order', 'case') then nullif(trim(written.original), '')
            when written.attribute = 'account_ref' then coalesce(normalised_values.normalised, nullif(trim(written.original), ''))
            when written.attribute = 'contact_point' then substr(normalised_values.normalised, strpos(normalised_values.normalised, ':') + 1)
            else nullif(normalised_values.normalised, '')
        end as bare_value
    from written
    left join regions on written.source_name = regions.source_name
    left join {{ source('ops', 'normalised_values') }} as normalised_values
        on written.attribute = normalised_values.value_type
        and case written.attribute when 'phone' then coalesce(regions.region, '') else '' end = normalised_values.region
        and md5(written.original)::uuid = normalised_values.original_hash
)

select
    record_key,
    source_name,
    entity,
    is_profile,
    is_current,
    is_bad,
    is_role,
    is_fixed_line,
    occurred_at,
    seen_at,
    attribute,
    case when prefix is null then bare_value else prefix || ':' || bare_value end as value,
    value_key
from spelled
where
    bare_value is not null
    and attribute is not null
    -- a stand-in (test, inconnu) is no name; a bad identifier stays, to be shown as set aside
    and not (is_bad and attribute in ('given_name', 'family_name', 'full_name', 'postcode'))
{%- endmacro %}
