-- `identity`: what cannot be rebuilt from raw about who is who. Written only by publication (and overrides by stewards).
-- Three kinds of thing follow the same rule of survival and redirect: customer (members: source records), conversation
-- (members: interactions) and household (members: the records of its customers).

create table identity.ids (
    kind text not null check (kind in ('customer', 'conversation', 'household')),
    id text not null,
    -- the member after which the id was named, and how many ids were named after it before
    minted_from text not null,
    generation integer not null,
    created_publication_id bigint not null references ops.publications (publication_id),
    created_at timestamptz not null,
    retired_publication_id bigint references ops.publications (publication_id),
    retired_at timestamptz,
    primary key (kind, id),
    unique (kind, minted_from, generation)
);
comment on table identity.ids is 'One row per id that was ever published.';

-- valid_*: what we know about the day; known_*: what we thought on the day. known_to = infinity is what we think now.
create table identity.members (
    kind text not null,
    member_key text not null,
    id text not null,
    valid_from timestamptz not null,
    valid_to timestamptz not null default 'infinity',
    known_from timestamptz not null,
    known_to timestamptz not null default 'infinity',
    from_publication_id bigint not null references ops.publications (publication_id),
    to_publication_id bigint references ops.publications (publication_id),
    foreign key (kind, id) references identity.ids (kind, id)
);
comment on table identity.members is 'One row per member (a source record, an interaction) and period in which it was held to belong to an id.';
create unique index members_now on identity.members (kind, member_key) where known_to = 'infinity';
create index members_history on identity.members (kind, member_key, known_from);
create index members_id on identity.members (kind, id);

create table identity.redirects (
    kind text not null,
    retired_id text not null,
    successor_id text not null,
    known_from timestamptz not null,
    known_to timestamptz not null default 'infinity',
    publication_id bigint not null references ops.publications (publication_id),
    foreign key (kind, retired_id) references identity.ids (kind, id),
    foreign key (kind, successor_id) references identity.ids (kind, id)
);
comment on table identity.redirects is 'One row per retired id and period: a redirect ends only when an unmerge gives the id back.';
create unique index redirects_now on identity.redirects (kind, retired_id) where known_to = 'infinity';

create table identity.changes (
    change_id bigint generated always as identity primary key,
    kind text not null,
    change text not null check (change in ('created', 'merged', 'split', 'restored', 'retired')),
    id text not null,
    -- merged: the survivor; split: the id that the part came from
    other_id text,
    member_count bigint not null,
    publication_id bigint not null references ops.publications (publication_id),
    changed_at timestamptz not null
);
comment on table identity.changes is 'One row per id and change that a publication made to it.';
create index changes_id on identity.changes (kind, id);

create table identity.overrides (
    override_id bigint generated always as identity primary key,
    action text not null check (action in ('link', 'unlink', 'block')),
    -- link, unlink: two record keys; block: an identifier type and its value key or normalised value
    left_record text,
    right_record text,
    identifier_type text,
    identifier_value text,
    made_by text not null,
    reason text not null,
    made_at timestamptz not null default clock_timestamp(),
    valid_until timestamptz not null default 'infinity',
    revoked_at timestamptz,
    revoked_by text,
    check (
        (action in ('link', 'unlink') and left_record is not null and right_record is not null and left_record <> right_record)
        or (action = 'block' and identifier_type is not null and identifier_value is not null)
    )
);
comment on table identity.overrides is 'One row per decision of a steward; replayed on every build while it holds.';

create view identity.record_customers as
select
    member_key as record_key,
    id as customer_id,
    valid_from,
    valid_to,
    known_from,
    known_to,
    from_publication_id,
    to_publication_id
from identity.members
where kind = 'customer';
comment on view identity.record_customers is 'One row per source record and period in which it was held to belong to a customer.';

-- The id that stands today for any id that was ever published. Chains are short: redirects are written to the survivor.
create function identity.resolve(resolved_kind text, any_id text) returns text
language sql stable as $$
    with recursive chain (id, hop) as (
        select any_id, 0
        union all
        select redirects.successor_id, chain.hop + 1
        from chain
        inner join identity.redirects
            on redirects.kind = resolved_kind and redirects.retired_id = chain.id and redirects.known_to = 'infinity'
        where chain.hop < 1000
    )

    select id from chain order by hop desc limit 1
$$;
