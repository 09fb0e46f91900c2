with

clusters as (
    select *
    from {{ ref('int_clusters_settled') }}
),

identity_records as (
    select *
    from {{ ref('int_identity_records') }}
),

people as (
    select *
    from {{ ref('int_people_named') }}
    where not is_borrowed
),

cards as (
    select record_key
    from {{ ref('int_identifiers_observed') }}
    where identifier_type = 'loyalty_id'
),

-- Records with a full name that are in no cluster stand for themselves; so do those that a date of birth or a card makes up for
-- a missing part of the name.
named as (
    select
        people.record_key,
        coalesce(clusters.component_key, people.record_key) as component_key,
        coalesce(people.given_name, '') as given_name,
        people.formal_names,
        people.is_known_given_name,
        coalesce(people.family_name, '') as family_name,
        people.birth_date,
        identity_records.postcode,
        identity_records.city,
        identity_records.postcode || ' ' || identity_records.postal_address as address
    from people
    inner join identity_records on people.record_key = identity_records.record_key
    left join clusters on people.record_key = clusters.record_key
    where
        (people.given_name is not null and length(people.family_name) > 1)
        or people.birth_date is not null
        or people.record_key in (select cards.record_key from cards)
)

select * from named
