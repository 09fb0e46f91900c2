-- What makes a file again of the rows that a load rejected, and how far each API has been pulled.

alter table ops.loads
    add column row_format text check (row_format in ('csv', 'jsonl')),
    add column header text;
comment on column ops.loads.row_format is 'Format of the rejected rows'' payloads as lines of a file; null where the rows were no lines.';
comment on column ops.loads.header is 'First line of a CSV file with a header. Names of columns, no values.';
comment on column ops.rejected_rows.mended_by_load_id is 'Load that took the row up again, mended or not: what became of it stands there.';

create table ops.pull_cursors (
    source text not null,
    entity text not null,
    cursor_value text not null,
    pulled_at timestamptz not null default clock_timestamp(),
    primary key (source, entity)
);
comment on table ops.pull_cursors is 'One row per source and entity that is pulled from an API: where the next pull begins. Written when the rows before it are in.';
