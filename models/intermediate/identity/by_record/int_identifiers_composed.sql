with

identity_values as (
    select *
    from {{ ref('int_identity_values') }}
    where
        attribute in ('given_name', 'family_name', 'birth_date', 'postal_address', 'postcode')
        and {{ cercle.is_arrived_record() }}
),

-- Every name that a record ever had, with every date of birth, address and postcode: a marriage keeps both names.
names as (
    select distinct
        given_names.record_key,
        {{ cercle.name_key('given_names.value', 'family_names.value') }} as name_key,
        {{ cercle.name_initials('given_names.value', 'family_names.value') }} as initials
    from identity_values as given_names
    inner join identity_values as family_names on given_names.record_key = family_names.record_key
    where given_names.attribute = 'given_name' and family_names.attribute = 'family_name'
),

completions as (
    select
        record_key,
        attribute,
        value,
        source_name,
        version_count,
        is_current,
        first_seen_at,
        last_seen_at
    from identity_values
    where attribute in ('birth_date', 'postcode')
    union all
    select
        addresses.record_key,
        'address' as attribute,
        postcodes.value || '|' || addresses.value as value,
        addresses.source_name,
        addresses.version_count,
        addresses.is_current,
        addresses.first_seen_at,
        addresses.last_seen_at
    from identity_values as addresses
    inner join identity_values as postcodes on addresses.record_key = postcodes.record_key
    where addresses.attribute = 'postal_address' and postcodes.attribute = 'postcode'
),

-- Initials keep the people apart who share a date or a house, and still bring together a name and its misspelling.
composed as (
    select distinct
        completions.record_key,
        completions.source_name,
        case completions.attribute when 'postcode' then 'name_postcode' else completions.attribute end as identifier_type,
        completions.value || '|' || case completions.attribute
            when 'postcode' then names.name_key
            else names.initials
        end as identifier_value,
        completions.version_count,
        completions.is_current,
        completions.first_seen_at,
        completions.last_seen_at
    from names
    inner join completions on names.record_key = completions.record_key
    where names.initials is not null
),

-- An initial alone is no name to go with a postcode.
named as (
    select *
    from composed
    where identifier_value is not null
)

select * from named
