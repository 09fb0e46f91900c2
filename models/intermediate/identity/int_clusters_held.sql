with

clusters as (
    select *
    from {{ ref('int_clusters_joined') }}
),

edges as (
    select *
    from {{ ref('int_edges_matched') }}
),

identifier_types as (
    select *
    from {{ ref('identity_identifier_types') }}
),

types_held as (
    select distinct
        clusters.component_key,
        edges.identifier_type
    from clusters
    inner join edges on clusters.record_key = edges.record_key
),

held as (
    select
        types_held.component_key,
        bool_or(identifier_types.is_lasting) as is_lasting,
        bool_or(identifier_types.is_account) as has_account
    from types_held
    inner join identifier_types on types_held.identifier_type = identifier_types.identifier_type
    group by types_held.component_key
)

select * from held
