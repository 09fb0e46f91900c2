-- Schemas of the flow, and `ops`: loads, rejected rows, normalised values, builds, publications, quality results.
-- dbt never makes or drops what stands in ops, identity and privacy; it reads it.

create schema if not exists raw;
create schema if not exists staging;
create schema if not exists intermediate;
create schema if not exists marts_build;
create schema if not exists marts;
create schema if not exists privacy;
create schema if not exists identity;

-- One row per delivery of a file (or of a batch that was pushed or pulled).
create table ops.loads (
    load_id bigint generated always as identity primary key,
    source text not null,
    plugin text not null,
    entity text not null,
    file_name text not null,
    file_sha256 text not null,
    file_byte_count bigint not null,
    contract_version text not null,
    contract_sha256 text not null,
    state text not null check (state in ('loaded', 'checked', 'quarantined', 'released', 'withdrawn', 'refused')),
    state_reason text,
    state_changed_at timestamptz not null default clock_timestamp(),
    state_changed_by text not null default session_user,
    read_count bigint not null default 0,
    stored_count bigint not null default 0,
    known_count bigint not null default 0,
    rejected_count bigint not null default 0,
    suppressed_count bigint not null default 0,
    replaced_count bigint not null default 0,
    extra_columns text[] not null default '{}',
    -- {"line_amount": {"read": …, "stored": …, "known": …, "suppressed": …}}, decimal strings; rows whose
    -- amount cannot be read as a number are rejected and therefore in no sum
    sums jsonb not null default '{}',
    started_at timestamptz not null,
    loaded_at timestamptz not null default clock_timestamp(),
    duration_seconds numeric not null default 0,
    loaded_by text not null default session_user,
    run_id text,
    constraint every_row_is_counted_once
        check (read_count = stored_count + known_count + rejected_count + suppressed_count)
);
comment on table ops.loads is 'One row per delivery of a file. state: loaded -> checked, or quarantined -> released or withdrawn; refused = not one row was taken.';
-- The same bytes are one delivery. A refused or withdrawn file may be tried again (with a mended contract, say).
create unique index loads_file_once on ops.loads (source, entity, file_sha256)
where state not in ('refused', 'withdrawn');
create index loads_state on ops.loads (state);

-- One row per source row that was not stored. Holds personal values: retention applies, analysts have no right to it.
create table ops.rejected_rows (
    rejected_row_id bigint generated always as identity primary key,
    load_id bigint not null references ops.loads (load_id) on delete cascade,
    line bigint not null,
    reason_code text not null,
    reason text not null,
    column_name text,
    payload text,
    rejected_at timestamptz not null default clock_timestamp(),
    mended_by_load_id bigint references ops.loads (load_id)
);
comment on column ops.rejected_rows.reason is 'A sentence without any personal value.';
comment on column ops.rejected_rows.payload is 'The row as it stood in the file. Personal data.';
create index rejected_rows_load on ops.rejected_rows (load_id);

-- One row per source row that a tombstone kept out: no payload.
create table ops.suppressed_rows (
    load_id bigint not null references ops.loads (load_id) on delete cascade,
    line bigint not null,
    reason text not null,
    primary key (load_id, line)
);

-- One row per row of a delivery that raw already had from an earlier, not yet published delivery: when that earlier one is
-- quarantined or withdrawn, the row passes to the earliest other delivery that also brought it.
create table ops.row_sightings (
    raw_relation text not null,
    row_id bigint not null,
    load_id bigint not null references ops.loads (load_id) on delete cascade,
    primary key (raw_relation, row_id, load_id)
);
create index row_sightings_load on ops.row_sightings (load_id);

-- One row per distinct original value of an identifier: normalised and keyed once, never per row.
create table ops.normalised_values (
    value_type text not null,
    region text not null default '',
    original_hash uuid not null,
    normalised text,
    value_key text,
    key_version text,
    flags text[] not null default '{}',
    library_version text not null,
    normalised_at timestamptz not null default clock_timestamp(),
    primary key (value_type, region, original_hash)
);
comment on table ops.normalised_values is 'One row per type, default region and distinct original value. original_hash = md5 of the original text as uuid.';
comment on column ops.normalised_values.normalised is 'Null where the value cannot be one of its type. Personal data.';
comment on column ops.normalised_values.value_key is 'HMAC-SHA256(secret, kind || chr(31) || normalised), hex; null for types that are no contact point.';
comment on column ops.normalised_values.flags is 'bad, role, disposable, not_valid, extension, … as the normaliser of the type documents them.';
create index normalised_values_key on ops.normalised_values (value_key);

-- One row per build. At most one runs (advisory lock cercle:build).
create table ops.builds (
    build_id bigint generated always as identity primary key,
    state text not null check (state in ('running', 'failed', 'abandoned', 'published')),
    as_of timestamptz not null,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    is_full_refresh boolean not null default false,
    started_by text not null default session_user,
    run_id text,
    cercle_version text not null,
    error text
);
create unique index builds_one_runs on ops.builds (state) where state = 'running';

-- One row per build and load admitted to it, fixed when the build starts.
create table ops.build_loads (
    build_id bigint not null references ops.builds (build_id) on delete cascade,
    load_id bigint not null references ops.loads (load_id),
    primary key (build_id, load_id)
);

-- One row per build and step (raw check, staging, intermediate, marts, marts check, publish, …).
create table ops.build_steps (
    build_id bigint not null references ops.builds (build_id) on delete cascade,
    step text not null,
    attempt integer not null default 1,
    state text not null check (state in ('running', 'done', 'failed')),
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    details jsonb not null default '{}',
    primary key (build_id, step, attempt)
);

-- One row per build and dbt node, from dbt's run results.
create table ops.build_models (
    build_id bigint not null references ops.builds (build_id) on delete cascade,
    node_id text not null,
    status text not null,
    seconds numeric not null,
    row_count bigint,
    failure_count bigint,
    message text,
    primary key (build_id, node_id)
);

-- One row per publication: what readers see is the newest.
create table ops.publications (
    publication_id bigint generated always as identity primary key,
    build_id bigint not null unique references ops.builds (build_id),
    as_of timestamptz not null,
    published_at timestamptz not null default clock_timestamp(),
    duration_seconds numeric,
    note text
);

-- One row per publication and relation.
create table ops.publication_changes (
    publication_id bigint not null references ops.publications (publication_id),
    relation text not null,
    inserted_count bigint not null,
    updated_count bigint not null,
    deleted_count bigint not null,
    row_count bigint not null,
    primary key (publication_id, relation)
);

-- One row per statement by which a publication changed the shape of marts.
create table ops.publication_ddl (
    publication_id bigint not null references ops.publications (publication_id),
    position integer not null,
    relation text not null,
    statement text not null,
    primary key (publication_id, position)
);

-- One row per check that ran. No personal values.
create table ops.quality_results (
    quality_result_id bigint generated always as identity primary key,
    checked_at timestamptz not null default clock_timestamp(),
    border text not null check (border in ('raw', 'marts')),
    suite text not null,
    expectation text not null,
    relation text not null,
    column_name text,
    load_id bigint references ops.loads (load_id) on delete cascade,
    build_id bigint references ops.builds (build_id) on delete cascade,
    outcome text not null check (outcome in ('passed', 'failed', 'broken')),
    severity text not null check (severity in ('warning', 'critical', 'info')),
    observed text,
    unexpected_count bigint,
    message text
);
comment on column ops.quality_results.outcome is 'broken = the check itself could not run, which is not the same as bad data.';
create index quality_results_build on ops.quality_results (build_id);
create index quality_results_load on ops.quality_results (load_id);

-- One row per source instance and entity that raw has a table for.
create table ops.raw_relations (
    raw_relation text primary key,
    plugin text not null,
    entity text not null,
    contract_version text not null,
    contract_sha256 text not null,
    migrated_at timestamptz not null default clock_timestamp()
);

-- The build that runs, else none.
create view ops.current_build as
select build_id, as_of, is_full_refresh
from ops.builds
where state = 'running';

-- The last build that readers see, else none.
create view ops.published_build as
select build_id, publication_id, as_of, published_at
from ops.publications
order by publication_id desc
limit 1;

-- Loads that models may read: those of the running build; with no running build (dbt used alone) all that passed.
create view ops.admitted_loads as
select build_loads.load_id
from ops.build_loads
inner join ops.current_build on build_loads.build_id = current_build.build_id
union all
select loads.load_id
from ops.loads
where loads.state in ('checked', 'released')
    and not exists (select 1 from ops.current_build);

-- Loads that are admitted now and were not in the last published build.
create view ops.new_loads as
select admitted_loads.load_id
from ops.admitted_loads
where not exists (
    select 1
    from ops.build_loads
    inner join ops.published_build on build_loads.build_id = published_build.build_id
    where build_loads.load_id = admitted_loads.load_id
);

-- The moment that the running build takes for now: no model calls now().
create function ops.as_of() returns timestamptz
language sql stable parallel safe as $$
    select coalesce(
        (select as_of from ops.current_build),
        (select as_of from ops.published_build),
        (select max(loaded_at) from ops.loads)
    )
$$;

-- pg_input_is_valid comes with PostgreSQL 16; on 15 the same answer through an exception, row by row.
do $do$
begin
    if current_setting('server_version_num')::integer >= 160000 then
        execute $f$
            create function ops.is_valid(value text, type_name text) returns boolean
            language sql immutable parallel safe as $$ select pg_input_is_valid(value, type_name) $$
        $f$;
    else
        execute $f$
            create function ops.is_valid(value text, type_name text) returns boolean
            language plpgsql immutable parallel safe as $$
            begin
                execute format('select %L::%s', value, type_name);
                return true;
            exception when others then
                return false;
            end
            $$
        $f$;
    end if;
end
$do$;
