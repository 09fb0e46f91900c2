-- The landing folder: which files were seen, so that a run over thousands of them reads none again.

create table ops.landing_files (
    path text primary key,
    byte_count bigint not null,
    modified_ns bigint not null,
    source text not null,
    entity text not null,
    contract_sha256 text not null,
    outcome text not null check (outcome in ('loaded', 'skipped', 'refused')),
    load_id bigint references ops.loads (load_id) on delete cascade,
    seen_at timestamptz not null default clock_timestamp()
);
comment on table ops.landing_files is 'One row per file of the landing folder that was looked at. A changed size or time, or, for a refused one, a mended contract, makes it new.';
comment on column ops.landing_files.path is 'Relative to the landing folder.';

-- Where the row stands in the delivery that saw it: it becomes _line when the row passes to that delivery.
alter table ops.row_sightings add column line bigint not null;
