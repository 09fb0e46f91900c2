-- Figures of every day, which BI reads, and how long what was refused or has been loaded is kept.

create table privacy.consent_daily (
    day date not null,
    channel text not null,
    purpose text not null,
    customer_count bigint,
    allowed_count bigint,
    stopped_count bigint,
    grant_without_proof_count bigint,
    allowed_percent double precision,
    grant_count bigint not null,
    grant_without_evidence_count bigint not null,
    confirmation_count bigint not null,
    stop_count bigint not null,
    quarantined_count bigint not null,
    primary key (day, channel, purpose)
);
comment on table privacy.consent_daily is
'One row per day (of Paris), channel and purpose; (every) where an event names none. Counts alone; written by each publication.';
comment on column privacy.consent_daily.customer_count is 'Customers asked about, at the day''s last publication; null on a day without one.';
comment on column privacy.consent_daily.allowed_count is 'Customers of whom one contact point at least may be used.';
comment on column privacy.consent_daily.allowed_percent is 'The opt-in rate: allowed_count of customer_count.';
comment on column privacy.consent_daily.grant_without_proof_count is 'Customers whose grant proves nothing, and of whom nothing else allows.';
comment on column privacy.consent_daily.grant_count is 'Grants of that day, as known since.';
comment on column privacy.consent_daily.stop_count is 'Refusals, withdrawals and objections of that day, as known since.';

create table privacy.requests_daily (
    day date not null,
    kind text not null,
    open_count bigint not null,
    late_count bigint not null,
    oldest_open_days integer,
    median_days double precision,
    request_count bigint not null,
    primary key (day, kind)
);
comment on table privacy.requests_daily is 'One row per day (of Paris) and kind of request: how many wait, and for how long. Written by each publication.';
comment on column privacy.requests_daily.late_count is 'Open ones whose last day is over.';
comment on column privacy.requests_daily.median_days is 'Median age: of closed ones until their answer.';

insert into privacy.policy_rules (rule_id, jurisdiction, kind, channel, purpose, basis, conditions, priority, citation, note) values
('HOUSE:REJECTED_ROWS', 'HOUSE', 'gate', '*', '*', 'REJECTED_ROWS', '{"days": 90}', 1, 'Rule of the house; RGPD art. 5(1)(e)', 'Rows that were refused, kept to be looked at'),
('HOUSE:LANDING_FILES', 'HOUSE', 'gate', '*', '*', 'LANDING_FILES', '{"days": 90}', 1, 'Rule of the house; RGPD art. 5(1)(e)', 'Delivered files whose rows are admitted');
