-- Returns a query: (kind, retired_id, successor_id), one row per id that is retired once `versioned` is published.
-- successor_id is the id that holds the oldest of its former members, so no redirect ever leads to a retired id; null where
-- none of them is left.
{% macro propose_redirects(kind, versioned) -%}
    {%- do cercle.check_id_kind('propose_redirects', kind) -%}
with

proposed_members as (
    select
        member_key,
        id,
        valid_from
    from {{ versioned }}
),

living_ids as (
    select distinct id
    from proposed_members
),

retired_ids as (
    select
        published_ids.id,
        published_ids.retired_publication_id
    from {{ source('identity', 'ids') }} as published_ids
    left join living_ids on published_ids.id = living_ids.id
    where published_ids.kind = '{{ kind }}' and living_ids.id is null
),

-- The members that it has now, or had when it was retired.
former_members as (
    select
        retired_ids.id,
        published_members.member_key
    from retired_ids
    inner join {{ source('identity', 'members') }} as published_members
        on retired_ids.id = published_members.id
        and published_members.kind = '{{ kind }}'
        and retired_ids.retired_publication_id is not distinct from published_members.to_publication_id
),

successors as (
    select distinct on (former_members.id)
        former_members.id as retired_id,
        proposed_members.id as successor_id
    from former_members
    inner join proposed_members on former_members.member_key = proposed_members.member_key
    order by former_members.id, proposed_members.valid_from, proposed_members.member_key collate "C"
),

-- Without any former member left, the successor of before stays while it lives, and passes on to its own.
published_redirects as (
    select
        redirects.retired_id,
        coalesce(living_ids.id, successors.successor_id) as successor_id
    from {{ source('identity', 'redirects') }} as redirects
    left join living_ids on redirects.successor_id = living_ids.id
    left join successors on redirects.successor_id = successors.retired_id
    where redirects.kind = '{{ kind }}' and redirects.known_to = 'infinity'
),

redirected as (
    select
        '{{ kind }}'::text as kind,
        retired_ids.id as retired_id,
        coalesce(successors.successor_id, published_redirects.successor_id) as successor_id
    from retired_ids
    left join successors on retired_ids.id = successors.retired_id
    left join published_redirects on retired_ids.id = published_redirects.retired_id
)

select * from redirected
{%- endmacro %}
