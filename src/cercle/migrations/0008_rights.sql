-- Rights of the person: erasures with their proofs, what the law makes a company keep, answers to requests (docs/rights.md).

-- A record of an erased person is known again by its own key too: many records carry no contact point.
alter table privacy.tombstones drop constraint tombstones_kind_check;
alter table privacy.tombstones add constraint tombstones_kind_check
check (kind in ('email', 'tel', 'addr', 'social', 'ref', 'record'));

create table privacy.erasures (
    erasure_id bigint generated always as identity primary key,
    request_key text references privacy.requests (request_key),
    person_key text not null,
    key_version text not null,
    reason text not null,
    erased_at timestamptz not null,
    erased_by text not null default session_user,
    record_count bigint not null,
    identifier_count bigint not null,
    shared_identifier_count bigint not null,
    tombstone_count bigint not null,
    archived_row_count bigint not null,
    duration_seconds numeric not null default 0
);
comment on table privacy.erasures is 'One row per erasure of a person: who ordered it, when, and how much it reached.';
comment on column privacy.erasures.person_key is 'HMAC-SHA256(secret of key_version, ''ref'' || chr(31) || ''customer:'' || customer id), hexadecimal; of the contact point where there was no customer.';
comment on column privacy.erasures.reason is 'A sentence without personal values.';
comment on column privacy.erasures.shared_identifier_count is 'Identifiers that other people use too: they stay with those people, and are no tombstones.';

create table privacy.erasure_relations (
    erasure_id bigint not null references privacy.erasures (erasure_id),
    relation text not null,
    action text not null check (action in ('deleted', 'emptied', 'cleared', 'archived', 'appended', 'kept')),
    rows_before bigint not null,
    rows_after bigint not null,
    note text,
    proved_at timestamptz not null default clock_timestamp(),
    primary key (erasure_id, relation, action)
);
comment on table privacy.erasure_relations is 'One row per erasure, relation and what was done there: rows that held the person before and after.';
comment on column privacy.erasure_relations.action is 'deleted: rows of the person; emptied: the whole relation, which every build makes anew; cleared: references to the person in rows of others.';

create table privacy.erasure_files (
    erasure_id bigint not null references privacy.erasures (erasure_id),
    load_id bigint not null references ops.loads (load_id),
    certainty text not null check (certainty in ('held', 'may_hold')),
    row_count bigint not null default 0,
    outcome text not null check (outcome in ('listed', 'deleted', 'gone')),
    dealt_with_at timestamptz not null default clock_timestamp(),
    primary key (erasure_id, load_id)
);
comment on table privacy.erasure_files is 'One row per erasure and delivered file that held the person, with what became of the file in the landing folder.';
comment on column privacy.erasure_files.certainty is 'may_hold: the file repeated rows that raw had already, and nobody noted which.';

create table privacy.rewrites (
    rewrite_id bigint generated always as identity primary key,
    relation text not null,
    last_erasure_id bigint not null references privacy.erasures (erasure_id),
    bytes_before bigint not null,
    bytes_after bigint not null,
    rewritten_at timestamptz not null default clock_timestamp(),
    rewritten_by text not null default session_user
);
comment on table privacy.rewrites is 'One row per relation that was rewritten after erasures: no dead copy of an erased row is left in the database''s files.';
comment on column privacy.rewrites.last_erasure_id is 'The rewrite covers this erasure and all before it.';

create table privacy.request_answers (
    request_answer_id bigint generated always as identity primary key,
    request_key text not null references privacy.requests (request_key),
    outcome text not null check (outcome in ('fulfilled', 'refused', 'extended')),
    note text not null,
    answered_at timestamptz not null default clock_timestamp(),
    answered_by text not null default session_user
);
comment on table privacy.request_answers is 'One row per answer to a request. The newest one says how it stands, whatever the source delivers later.';
comment on column privacy.request_answers.note is 'A sentence without personal values: what was done, or why it was refused.';
create index request_answers_request on privacy.request_answers (request_key);

create trigger erasures_append_only
before delete or truncate on privacy.erasures
for each statement execute function privacy.refuse_change();
create trigger erasure_relations_append_only
before update or delete or truncate on privacy.erasure_relations
for each statement execute function privacy.refuse_change();
create trigger rewrites_append_only
before update or delete or truncate on privacy.rewrites
for each statement execute function privacy.refuse_change();
create trigger request_answers_append_only
before update or delete or truncate on privacy.request_answers
for each statement execute function privacy.refuse_change();

-- What accounting law makes a company keep of an erased person, without the person. No role is granted anything here.
create schema if not exists archive;
revoke all on schema archive from public;
comment on schema archive is 'Accounting records of erased persons, kept for their legal term and out of analysts'' reach.';

create table archive.accounting_rows (
    accounting_row_id bigint generated always as identity primary key,
    erasure_id bigint not null references privacy.erasures (erasure_id),
    source_name text not null,
    entity text not null,
    content jsonb not null,
    archived_at timestamptz not null default clock_timestamp(),
    keep_until date not null
);
comment on table archive.accounting_rows is 'One row per invoice or invoice line of an erased person: amounts, goods, dates and numbers; no name, no contact point, no customer number.';
comment on column archive.accounting_rows.keep_until is 'Ten years after the sale (Code de commerce, art. L123-22); upkeep deletes the row then.';
revoke all on archive.accounting_rows from public;
