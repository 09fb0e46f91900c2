-- Which rows of a table that dbt makes are others than before: what is made from it by increments asks here (decision 0170).

create table ops.changed_keys (
    relation text not null,
    build_id bigint not null,
    kind text,
    key text,
    check ((kind is null) = (key is null))
);
comment on table ops.changed_keys is 'One row per table, build and key of whose rows one came, went or is another one. Kept until the next build is published.';
comment on column ops.changed_keys.build_id is 'The build that made the change; where dbt is used alone, the number that the next build will have at least.';
comment on column ops.changed_keys.kind is 'What the key is of: record, customer, identity, contact_point, …; null: any row may be another one.';
create index changed_keys_kind on ops.changed_keys (kind, build_id);

-- What annuls and is annulled is read with each increment, and is little.
create index consent_events_annulments on privacy.consent_events (ledger, source_system, source_event_id) where type = 'annulment';
