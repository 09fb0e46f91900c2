-- Who may read: rows appear with `cercle db roles`, and from then on every publication grants, masks and reads back what stands.
create table ops.access_roles (
    role_name text primary key,
    description text not null,
    made_at timestamptz not null default clock_timestamp()
);
comment on table ops.access_roles is 'One row per database role of cercle. Without a row no publication grants anything to anybody.';
