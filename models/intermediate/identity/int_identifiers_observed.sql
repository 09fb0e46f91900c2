with

identity_values as (
    select *
    from {{ ref('int_identity_values') }}
),

identifier_types as (
    select *
    from {{ ref('identity_identifier_types') }}
),

written_identifiers as (
    select
        identity_values.record_key,
        identity_values.source_name,
        identity_values.attribute as identifier_type,
        identity_values.value as identifier_value,
        coalesce(identity_values.value_key, md5(identity_values.attribute || ':' || identity_values.value)) as identifier_key,
        identity_values.version_count,
        identity_values.is_bad,
        identity_values.is_role,
        identity_values.is_current,
        identity_values.first_seen_at,
        identity_values.last_seen_at
    from identity_values
    inner join identifier_types on identity_values.attribute = identifier_types.identifier_type
),

-- Every name that a record ever had, with every date of birth, address and postcode: a marriage keeps both names.
names as (
    select distinct
        given_names.record_key,
        {{ cercle.name_key('given_names.value', 'family_names.value') }} as name_key
    from identity_values as given_names
    inner join identity_values as family_names on given_names.record_key = family_names.record_key
    where given_names.attribute = 'given_name' and family_names.attribute = 'family_name'
),

completions as (
    select
        identity_values.record_key,
        case identity_values.attribute when 'birth_date' then 'name_birth_date' else 'name_postcode' end as identifier_type,
        identity_values.value,
        identity_values.source_name,
        identity_values.version_count,
        identity_values.is_current,
        identity_values.first_seen_at,
        identity_values.last_seen_at
    from identity_values
    where identity_values.attribute in ('birth_date', 'postcode')
    union all
    select
        addresses.record_key,
        'name_address' as identifier_type,
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

composed_identifiers as (
    select
        completions.record_key,
        completions.source_name,
        completions.identifier_type,
        names.name_key || '|' || completions.value as identifier_value,
        md5(completions.identifier_type || ':' || names.name_key || '|' || completions.value) as identifier_key,
        completions.version_count,
        false as is_bad,
        false as is_role,
        completions.is_current,
        completions.first_seen_at,
        completions.last_seen_at
    from names
    inner join completions on names.record_key = completions.record_key
    where names.name_key is not null
),

all_identifiers as (
    select * from written_identifiers
    union all
    select * from composed_identifiers
),

observed as (
    select
        record_key,
        identifier_type,
        identifier_value,
        min(source_name) as source_name,
        min(identifier_key) as identifier_key,
        sum(version_count)::bigint as version_count,
        bool_or(is_bad) as is_bad,
        bool_or(is_role) as is_role,
        bool_or(is_current) as is_current,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from all_identifiers
    group by record_key, identifier_type, identifier_value
)

select * from observed
