-- What a build and a publication remember: who owns the build, which code it ran, the shape that marts has and is to get.

-- lease_seconds is set where the tasks of one build are separate processes (Airflow): between two tasks nobody holds
-- the lock, and the build keeps its place until lease_until. Without it the lock alone says that the build is alive.
alter table ops.builds add column lease_seconds integer;
alter table ops.builds add column lease_until timestamptz;
-- Hash of the dbt projects (models, macros, seeds, settings): changed code makes a full refresh.
alter table ops.builds add column project_sha256 text;
-- Why is_full_refresh is true, as a sentence.
alter table ops.builds add column full_refresh_reason text;

comment on table ops.builds is 'One row per build. state: running -> published, failed or abandoned (its process died).';
comment on table ops.build_loads is 'One row per build and load that it reads, fixed when the build starts.';
comment on table ops.build_steps is 'One row per build, step and attempt.';
comment on table ops.build_models is 'One row per build and dbt node, from dbt''s run results. message holds no value of a row.';
comment on table ops.publications is 'One row per publication: what readers see is the newest.';
comment on table ops.publication_changes is 'One row per publication and relation, with the rows that it changed.';
comment on table ops.publication_ddl is 'One row per statement by which a publication changed the shape of marts.';

create table ops.build_marts (
    build_id bigint not null references ops.builds (build_id) on delete cascade,
    relation text not null,
    shape jsonb not null,
    primary key (build_id, relation)
);
comment on table ops.build_marts is 'One row per build and relation that it is to publish, with the shape from dbt''s manifest. Kept for the last build only.';

create table ops.marts (
    relation text primary key,
    model_id text not null,
    shape jsonb not null,
    is_history boolean not null,
    publication_id bigint not null references ops.publications (publication_id)
);
comment on table ops.marts is 'One row per relation that publication keeps in the schema marts; publication_id is the one that last changed its shape.';
comment on column ops.marts.is_history is 'Its rows depend on the order of past runs (model tag history); cercle diff leaves it out.';

create table ops.mart_columns (
    relation text not null references ops.marts (relation) on delete cascade,
    column_name text not null,
    position integer not null,
    data_type text not null,
    tags text[] not null,
    entity text check (entity in ('customer', 'conversation', 'household')),
    primary key (relation, column_name)
);
comment on table ops.mart_columns is 'One row per column of a published relation.';
comment on column ops.mart_columns.tags is 'personal: clear personal data; run_metadata: differs between two equal builds.';
comment on column ops.mart_columns.entity is 'The kind of id that the column holds; cercle diff renames those one to one.';
