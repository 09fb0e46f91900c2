with

named as (
    select *
    from {{ ref('int_people_comparable') }}
),

observed as (
    select *
    from {{ ref('int_identifiers_observed') }}
    where identifier_type in ('email', 'phone', 'loyalty_id')
),

guarded as (
    select *
    from {{ ref('int_identifiers_guarded') }}
    where sharing in ('own', 'shared')
),

placed as (
    select
        component_key,
        string_agg(distinct birth_date::text, '|' order by birth_date::text) as birth_dates,
        string_agg(distinct postcode, '|' order by postcode) as postcodes,
        string_agg(distinct city, '|' order by city) as cities,
        string_agg(distinct address, '|' order by address) as addresses
    from named
    group by component_key
),

contact_points as (
    select distinct
        named.component_key,
        observed.identifier_type,
        observed.identifier_value
    from named
    inner join observed on named.record_key = observed.record_key
    inner join guarded
        on observed.identifier_type = guarded.identifier_type
        and observed.identifier_value = guarded.identifier_value
),

reached as (
    select
        component_key,
        string_agg(identifier_value, '|' order by identifier_value) filter (where identifier_type = 'email') as emails,
        string_agg(identifier_value, '|' order by identifier_value) filter (where identifier_type = 'phone') as phones,
        string_agg(identifier_value, '|' order by identifier_value) filter (where identifier_type = 'loyalty_id') as cards
    from contact_points
    group by component_key
),

described as (
    select distinct
        named.component_key,
        named.given_name,
        named.family_name,
        array_to_string(named.formal_names, '|') as formal_names,
        placed.birth_dates,
        placed.postcodes,
        placed.cities,
        placed.addresses,
        reached.emails,
        reached.phones,
        reached.cards,
        named.is_known_given_name
    from named
    inner join placed on named.component_key = placed.component_key
    left join reached on named.component_key = reached.component_key
)

select * from described
