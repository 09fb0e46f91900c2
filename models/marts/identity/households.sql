with

members as (
    select *
    from {{ ref('household_members') }}
),

versioned as (
    select *
    from {{ ref('int_household_ids_versioned') }}
),

identity_records as (
    select *
    from {{ ref('int_identity_records') }}
),

member_counts as (
    select
        household_id,
        count(*) as member_count,
        string_agg(distinct evidence, ', ' order by evidence) as evidence
    from members
    group by household_id
),

described as (
    select
        versioned.id as household_id,
        mode() within group (order by identity_records.city) as city,
        mode() within group (order by left(identity_records.postcode, 2)) as postcode_prefix,
        min(identity_records.occurred_at) as first_seen_at
    from versioned
    inner join identity_records on versioned.member_key = identity_records.record_key
    group by versioned.id
),

final as (
    select
        -- ids
        described.household_id,

        -- strings
        described.city,
        described.postcode_prefix,
        member_counts.evidence,

        -- numerics
        member_counts.member_count,

        -- timestamps
        described.first_seen_at
    from described
    inner join member_counts on described.household_id = member_counts.household_id
)

select * from final
