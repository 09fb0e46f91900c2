with

normalised as (
    {{ cercle.normalise_identity_values(cercle.identity_inputs(), where=cercle.is_arrived_record('versions.record_key')) }}
),

aggregated as (
    select
        -- ids
        record_key,

        -- strings
        source_name,
        entity,
        attribute,
        value,
        max(value_key) as value_key,

        -- numerics
        count(*) as version_count,

        -- booleans
        is_profile,
        bool_or(is_current) as is_current,
        bool_or(is_bad) as is_bad,
        bool_or(is_role) as is_role,
        bool_or(is_fixed_line) as is_fixed_line,

        -- timestamps
        min(occurred_at) as occurred_at,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at
    from normalised
    group by record_key, source_name, entity, attribute, value, is_profile
)

select * from aggregated
