-- Returns a query: (member_key, id, minted_from, generation, valid_from), one row per member of `members`, with ids that survive.
-- `members`: a relation or CTE with member_key, group_key and occurred_at (not null). A null group_key is no group: no row.
{% macro assign_stable_ids(kind, members) -%}
    {%- do cercle.check_id_kind('assign_stable_ids', kind) -%}
    {{ return(adapter.dispatch('assign_stable_ids', 'cercle')(kind, members)) }}
{%- endmacro %}

{% macro default__assign_stable_ids(kind, members) -%}
with

proposed_members as (
    select
        member_key,
        group_key,
        occurred_at
    from {{ members }}
    where group_key is not null
),

published_ids as (
    select
        id,
        minted_from,
        generation,
        retired_publication_id
    from {{ source('identity', 'ids') }}
    where kind = '{{ kind }}'
),

-- The members that a living id and a group have in common, by how old the oldest of them is.
living_members as (
    select
        published_members.id,
        proposed_members.group_key,
        proposed_members.occurred_at,
        proposed_members.member_key
    from {{ source('identity', 'members') }} as published_members
    inner join proposed_members on published_members.member_key = proposed_members.member_key
    where published_members.kind = '{{ kind }}' and published_members.known_to = 'infinity'
),

shared_ages as (
    select
        id,
        group_key,
        min(occurred_at) as occurred_at
    from living_members
    group by id, group_key
),

shared_members as (
    select
        shared_ages.id,
        shared_ages.group_key,
        shared_ages.occurred_at,
        min(living_members.member_key collate "C") as member_key
    from shared_ages
    inner join living_members
        on shared_ages.id = living_members.id
        and shared_ages.group_key = living_members.group_key
        and shared_ages.occurred_at = living_members.occurred_at
    group by shared_ages.id, shared_ages.group_key, shared_ages.occurred_at
),

-- Each living id is claimed by the group that holds the oldest of its members that are still there.
living_claims as (
    select distinct on (id)
        id,
        group_key,
        occurred_at,
        member_key
    from shared_members
    order by id, occurred_at, member_key collate "C"
),

-- Of the living ids that a group claims the oldest survives.
surviving_ids as (
    select distinct on (group_key)
        group_key,
        id
    from living_claims
    order by group_key, occurred_at, member_key collate "C"
),

-- A retired id is claimed by the group that holds the oldest of the members that it had when it was retired.
retired_claims as (
    select distinct on (published_ids.id)
        published_ids.id,
        published_ids.retired_publication_id,
        proposed_members.group_key,
        proposed_members.occurred_at,
        proposed_members.member_key
    from published_ids
    inner join {{ source('identity', 'members') }} as published_members
        on published_members.kind = '{{ kind }}'
        and published_ids.id = published_members.id
        and published_ids.retired_publication_id = published_members.to_publication_id
    inner join proposed_members on published_members.member_key = proposed_members.member_key
    order by published_ids.id, proposed_members.occurred_at, proposed_members.member_key collate "C"
),

-- It comes back only where no living id is.
restored_ids as (
    select distinct on (retired_claims.group_key)
        retired_claims.group_key,
        retired_claims.id
    from retired_claims
    left join surviving_ids on retired_claims.group_key = surviving_ids.group_key
    where surviving_ids.id is null
    order by
        retired_claims.group_key,
        retired_claims.occurred_at,
        retired_claims.member_key collate "C",
        retired_claims.retired_publication_id desc,
        retired_claims.id
),

owned_groups as (
    select
        owners.group_key,
        owners.id,
        published_ids.minted_from,
        published_ids.generation
    from (select * from surviving_ids union all select * from restored_ids) as owners
    inner join published_ids on owners.id = published_ids.id
),

oldest_members as (
    select distinct on (proposed_members.group_key)
        proposed_members.group_key,
        proposed_members.member_key as minted_from
    from proposed_members
    left join owned_groups on proposed_members.group_key = owned_groups.group_key
    where owned_groups.id is null
    order by proposed_members.group_key, proposed_members.occurred_at, proposed_members.member_key collate "C"
),

last_generations as (
    select
        minted_from,
        max(generation) as generation
    from published_ids
    group by minted_from
),

minted_groups as (
    select
        oldest_members.group_key,
        oldest_members.minted_from,
        coalesce(last_generations.generation + 1, 0) as generation
    from oldest_members
    left join last_generations on oldest_members.minted_from = last_generations.minted_from
),

named_groups as (
    select
        group_key,
        id,
        minted_from,
        generation
    from owned_groups
    union all
    select
        group_key,
        {{ cercle.mint_id(kind, 'minted_from', 'generation') }} as id,
        minted_from,
        generation
    from minted_groups
),

named_members as (
    select
        proposed_members.member_key,
        named_groups.id,
        named_groups.minted_from,
        named_groups.generation,
        proposed_members.occurred_at as valid_from
    from proposed_members
    inner join named_groups on proposed_members.group_key = named_groups.group_key
)

select * from named_members
{%- endmacro %}
