-- What somebody was told, or is to be told: one row from when a condition is first seen until it is over.

create table ops.watched_conditions (
    condition_id bigint generated always as identity primary key,
    kind text not null,
    condition_key text not null,
    severity text not null check (severity in ('critical', 'warning', 'info')),
    facts jsonb not null default '{}',
    seen_at timestamptz not null default clock_timestamp(),
    told_at timestamptz,
    ended_at timestamptz,
    end_told_at timestamptz
);
comment on table ops.watched_conditions is 'One row per condition and time in which it held: a failed build, a delivery in quarantine, a silent source. No personal value.';
comment on column ops.watched_conditions.condition_key is 'What it is about: number of a build or load, name of a source, day and subject of an alert.';
comment on column ops.watched_conditions.told_at is 'When all channels had taken the message; null = to be told.';
comment on column ops.watched_conditions.end_told_at is 'When all channels had taken the message that it is over; null = to be told, or nobody was told of it.';
create unique index watched_conditions_open on ops.watched_conditions (kind, condition_key) where ended_at is null;
