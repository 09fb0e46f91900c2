-- Returns a query: (kind, change, id, other_id, member_count), one row per id and change that publishing `versioned` will make.
-- created: minted for members that had no id. merged: id is gone, other_id took it. split: id got members of other_id, which
-- lives on or went elsewhere. restored: id came back, out of other_id where that is known. retired: id is gone with its members.
{% macro propose_changes(kind, versioned, redirects) -%}
    {%- do cercle.check_id_kind('propose_changes', kind) -%}
with

proposed_members as not materialized (
    select
        member_key,
        id
    from {{ versioned }}
),

proposed_ids as (
    select
        id,
        count(*) as member_count
    from proposed_members
    group by id
),

published_ids as (
    select
        id,
        retired_publication_id is not null as is_retired
    from {{ source('identity', 'ids') }}
    where kind = '{{ kind }}'
),

published_members as not materialized (
    select
        member_key,
        id
    from {{ source('identity', 'members') }}
    where kind = '{{ kind }}' and known_to = 'infinity'
),

moves as (
    select
        proposed_members.id as to_id,
        published_members.id as from_id,
        count(*) as member_count
    from published_members
    inner join proposed_members on published_members.member_key = proposed_members.member_key
    where published_members.id <> proposed_members.id
    group by proposed_members.id, published_members.id
),

-- Ids that lived until now and have no member any more.
ended_ids as (
    select
        published_ids.id,
        redirects.successor_id
    from published_ids
    inner join {{ redirects }} as redirects
        on published_ids.id = redirects.retired_id
        and redirects.kind = '{{ kind }}'
    where not published_ids.is_retired
),

merged as (
    select
        'merged' as change,
        moves.from_id as id,
        moves.to_id as other_id,
        moves.member_count
    from moves
    inner join ended_ids on moves.from_id = ended_ids.id and moves.to_id = ended_ids.successor_id
),

restored as (
    select distinct on (proposed_ids.id)
        'restored' as change,
        proposed_ids.id,
        moves.from_id as other_id,
        proposed_ids.member_count
    from proposed_ids
    inner join published_ids on proposed_ids.id = published_ids.id
    left join moves on proposed_ids.id = moves.to_id
    where published_ids.is_retired
    order by proposed_ids.id, moves.member_count desc nulls last, moves.from_id
),

split as (
    select
        'split' as change,
        moves.to_id as id,
        moves.from_id as other_id,
        moves.member_count
    from moves
    left join merged on moves.from_id = merged.id and moves.to_id = merged.other_id
    left join restored on moves.to_id = restored.id and moves.from_id = restored.other_id
    where merged.id is null and restored.id is null
),

created as (
    select
        'created' as change,
        proposed_ids.id,
        null::text as other_id,
        proposed_ids.member_count
    from proposed_ids
    left join published_ids on proposed_ids.id = published_ids.id
    left join (select distinct to_id from moves) as moves on proposed_ids.id = moves.to_id
    where published_ids.id is null and moves.to_id is null
),

retired as (
    select
        'retired' as change,
        ended_ids.id,
        null::text as other_id,
        count(*) as member_count
    from ended_ids
    inner join published_members on ended_ids.id = published_members.id
    where ended_ids.successor_id is null
    group by ended_ids.id
),

all_changes as (
    select * from merged
    union all
    select * from split
    union all
    select * from restored
    union all
    select * from created
    union all
    select * from retired
),

numbered as (
    select
        '{{ kind }}'::text as kind,
        change::text as change,
        id,
        other_id,
        member_count
    from all_changes
)

select * from numbered
{%- endmacro %}
