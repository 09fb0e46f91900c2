with

identity_values as (
    select *
    from {{ ref('int_identity_values') }}
    where {{ cercle.is_arrived_record() }}
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
        identity_values.is_fixed_line,
        identity_values.is_current,
        identity_values.first_seen_at,
        identity_values.last_seen_at
    from identity_values
    inner join identifier_types on identity_values.attribute = identifier_types.identifier_type
    where identity_values.attribute <> 'birth_date'
),

composed_identifiers as (
    select *
    from {{ ref('int_identifiers_composed') }}
    where {{ cercle.is_arrived_record() }}
),

all_identifiers as (
    select * from written_identifiers
    union all
    select
        record_key,
        source_name,
        identifier_type,
        identifier_value,
        md5(identifier_type || ':' || identifier_value) as identifier_key,
        version_count,
        false as is_bad,
        false as is_role,
        false as is_fixed_line,
        is_current,
        first_seen_at,
        last_seen_at
    from composed_identifiers
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
        bool_or(is_fixed_line) as is_fixed_line,
        bool_or(is_current) as is_current,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from all_identifiers
    group by record_key, identifier_type, identifier_value
)

select * from observed
