-- `privacy`: the consent ledger and what decisions stand on. docs/consent.md tells the story; dbt reads it and never makes it.
-- No clear value of a person stands here: contact points and identities are pseudonyms, HMAC-SHA256 under a versioned
-- secret that the database never sees. `ledger` names the ledger a row belongs to: 'main' in production; `cercle privacy
-- simulate` fills copies of these tables with one ledger per scenario.

-- --- vocabularies ------------------------------------------------------------------------------------------------------

create table privacy.vocabularies (
    vocabulary text not null check (vocabulary in ('channel', 'purpose', 'actor', 'scope', 'contact_point_kind')),
    code text not null,
    description text not null,
    is_marketing boolean not null default false,
    primary key (vocabulary, code)
);
comment on table privacy.vocabularies is 'One row per code of a closed vocabulary. An event with any other code is quarantined.';
comment on column privacy.vocabularies.is_marketing is 'Purposes only: whether a standing stop blocks every basis for it.';

insert into privacy.vocabularies (vocabulary, code, description, is_marketing) values
('channel', 'email', 'E-mail', false),
('channel', 'sms', 'Text message', false),
('channel', 'phone_call', 'Call by a person', false),
('channel', 'phone_auto', 'Call by a machine', false),
('channel', 'postal', 'Letter', false),
('channel', 'social_audience', 'Audience matched on a platform', false),
('purpose', 'direct_marketing', 'Advertising of the company itself', true),
('purpose', 'marketing_profiling', 'Profiles for advertising', true),
('purpose', 'partner_prospecting', 'Passing on to named partners', true),
('purpose', 'audience_matching', 'Matching with a platform''s users', true),
('purpose', 'special_category_use', 'Use of special categories of data (GDPR 9)', true),
('purpose', 'service_transactional', 'Messages that a contract needs', false),
('purpose', 'rights_response', 'Answers to the person''s own requests', false),
('purpose', 'security_notice', 'Warnings about security', false),
('actor', 'subject', 'The person', false),
('actor', 'guardian', 'A holder of parental authority', false),
('actor', 'operator', 'Someone of the company', false),
('actor', 'system', 'A system', false),
('actor', 'authority', 'An authority', false),
('scope', 'contact_point', 'This contact point', false),
('scope', 'channel', 'This channel', false),
('scope', 'person', 'The person', false),
('contact_point_kind', 'email', 'E-mail address', false),
('contact_point_kind', 'tel', 'Telephone number', false),
('contact_point_kind', 'addr', 'Postal address', false),
('contact_point_kind', 'social', 'Account on a platform', false);

create table privacy.event_types (
    type text primary key,
    description text not null,
    -- stops only: 3 objected, 2 withdrawn, 1 refused
    stop_severity integer,
    stop_reason text,
    default_scope text,
    default_purposes jsonb,
    bites_at_recording boolean not null default false
);
comment on table privacy.event_types is 'One row per type of consent event.';
comment on column privacy.event_types.default_scope is 'What the event reaches when it does not say; null for what has no scope.';
comment on column privacy.event_types.default_purposes is 'Purposes that a stop reaches when it does not list its own; null = all.';
comment on column privacy.event_types.bites_at_recording is 'Without a credible date the event counts from its recording; the others are quarantined.';

insert into privacy.event_types (type, description, stop_severity, stop_reason, default_scope, default_purposes, bites_at_recording) values
('consent_given', 'A grant', null, null, 'contact_point', null, false),
('doi_confirmed', 'Confirms a grant (double opt-in)', null, null, null, null, false),
('guardian_consent', 'A guardian consents to a child''s grant', null, null, null, null, false),
('consent_not_given', 'A box left unticked: changes nothing', null, null, null, null, false),
('consent_refused', 'A refusal', 1, 'REFUSED', 'contact_point', null, true),
('consent_withdrawn', 'A withdrawal', 2, 'WITHDRAWN', 'channel', null, true),
('objection', 'An objection (GDPR 21)', 3, 'OBJECTED', 'person', '["direct_marketing", "marketing_profiling", "audience_matching", "partner_prospecting"]', true),
('informed_optout_offered', 'The person was told and could say no', null, null, null, null, false),
('call_refused', 'A refusal during a call', null, null, null, null, true),
('restriction_on', 'Restriction (GDPR 18)', null, null, null, null, true),
('restriction_off', 'Restriction lifted', null, null, null, null, false),
('contact_point_verified', 'The person proved to hold the contact point', null, null, null, null, false),
('contact_point_replaced', 'One contact point takes the place of another', null, null, null, null, false),
('contact_point_released', 'The number was given back to the operator', null, null, null, null, true),
('hard_bounce', 'The contact point does not exist', null, null, null, null, true),
('annulment', 'Another event was an error', null, null, null, null, false),
('erasure_executed', 'The person''s data were erased (GDPR 17)', null, null, null, null, true);

-- --- pseudonyms --------------------------------------------------------------------------------------------------------

create table privacy.contact_points (
    contact_point_key text primary key,
    kind text not null,
    key_version text not null,
    ledger_key text not null,
    first_seen_at timestamptz not null default clock_timestamp()
);
comment on table privacy.contact_points is 'One row per pseudonym of a contact point under one version of the secret. Destroyed rows break no link of the chain.';
comment on column privacy.contact_points.contact_point_key is 'HMAC-SHA256(secret of key_version, kind || chr(31) || normalised value), hexadecimal.';
comment on column privacy.contact_points.ledger_key is 'The pseudonym that the ledger uses for it: the first one that it ever had. It outlives a rotation of the secret.';
create index contact_points_ledger on privacy.contact_points (ledger_key);

create table privacy.source_identities (
    identity_key text primary key,
    key_version text not null,
    ledger_key text not null,
    first_seen_at timestamptz not null default clock_timestamp()
);
comment on table privacy.source_identities is 'One row per pseudonym of an identity in a source system under one version of the secret.';
comment on column privacy.source_identities.identity_key is 'HMAC-SHA256(secret of key_version, ''ref'' || chr(31) || source system || '':'' || reference), hexadecimal.';
comment on column privacy.source_identities.ledger_key is 'The pseudonym that the ledger uses for it: the first one that it ever had.';
create index source_identities_ledger on privacy.source_identities (ledger_key);

-- --- notices -----------------------------------------------------------------------------------------------------------

create table privacy.notice_versions (
    notice_version_id bigint generated always as identity primary key,
    ledger text not null default 'main',
    notice_id text not null,
    notice_version text not null,
    recorded_at timestamptz not null,
    language text,
    controller text,
    jurisdiction text,
    wording_sha256 text,
    valid_from timestamptz not null,
    valid_to timestamptz,
    invalidated_from timestamptz,
    invalidation_known_at timestamptz,
    content_hash text not null,
    load_id bigint,
    appended_at timestamptz not null default clock_timestamp(),
    unique (ledger, notice_id, notice_version, recorded_at, content_hash)
);
comment on table privacy.notice_versions is 'One row per description of a version of a notice; a later description tells what became known since.';
comment on column privacy.notice_versions.invalidated_from is 'Since when it is held invalid; null with invalidation_known_at set = always.';

create table privacy.notice_coverage (
    notice_version_id bigint not null references privacy.notice_versions (notice_version_id),
    channel text not null,
    purpose text not null,
    basis text not null default 'CONSENT',
    primary key (notice_version_id, channel, purpose, basis)
);
comment on table privacy.notice_coverage is 'One row per description of a notice, channel, purpose and basis that its wording covers.';

create table privacy.notice_recipients (
    notice_version_id bigint not null references privacy.notice_versions (notice_version_id),
    recipient text not null,
    primary key (notice_version_id, recipient)
);
comment on table privacy.notice_recipients is 'One row per description of a notice and recipient that its wording names.';

-- --- policy ------------------------------------------------------------------------------------------------------------

create table privacy.policy_rules (
    rule_id text primary key,
    jurisdiction text not null,
    kind text not null check (kind in ('basis', 'gate')),
    channel text not null,
    purpose text not null,
    basis text not null,
    conditions jsonb not null default '{}',
    priority integer not null,
    valid_from timestamptz not null default '-infinity',
    valid_to timestamptz not null default 'infinity',
    citation text not null,
    note text,
    check (valid_from < valid_to)
);
comment on table privacy.policy_rules is 'One row per rule of a jurisdiction for a channel and purpose, while it holds.';
comment on column privacy.policy_rules.kind is 'basis = may allow; gate = must be passed before any basis is asked.';
comment on column privacy.policy_rules.basis is 'The reason that a basis gives when it allows, or the name of the gate.';
comment on column privacy.policy_rules.conditions is 'Parameters of the rule; docs/consent.md lists them by basis and gate.';
comment on column privacy.policy_rules.priority is 'Bases: the smallest that allows gives the reason.';
create index policy_rules_key on privacy.policy_rules (jurisdiction, channel, purpose);

create table privacy.public_holidays (
    ledger text not null default 'main',
    jurisdiction text not null default 'FR',
    holiday_date date not null,
    name text not null default '',
    primary key (ledger, jurisdiction, holiday_date)
);
comment on table privacy.public_holidays is 'One row per public holiday, national ones alone.';

-- --- the ledger --------------------------------------------------------------------------------------------------------

create table privacy.consent_events (
    ledger text not null default 'main',
    position bigint not null,
    event_id text not null,
    source_name text,
    source_system text not null,
    source_event_id text not null,
    identity_key text,
    contact_point_key text,
    contact_point_kind text,
    channel text,
    purpose text,
    purposes jsonb,
    controller text,
    brand_id text,
    type text not null,
    scope text,
    occurred_at timestamptz,
    recorded_at timestamptz not null,
    actor text,
    method text,
    notice_id text,
    notice_version text,
    is_explicit boolean,
    is_double_opt_in boolean,
    evidence_sha256 text,
    language text,
    reference_event_id text,
    reference_source_system text,
    reference_source_event_id text,
    from_contact_point_key text,
    to_contact_point_key text,
    is_quarantined boolean not null default false,
    quarantine_reason text,
    content_hash text not null,
    previous_hash text not null,
    row_hash text not null,
    load_id bigint,
    appended_at timestamptz not null default clock_timestamp(),
    primary key (ledger, position)
);
comment on table privacy.consent_events is 'One row per consent event as it was received. Append-only: no update, delete or truncate, by trigger and by grant.';
comment on column privacy.consent_events.position is 'Place in the ledger, from 0, without a gap.';
comment on column privacy.consent_events.event_id is 'e_ and 24 hexadecimal digits of the hash of source system, source event id and content: the same in every database.';
comment on column privacy.consent_events.source_name is 'Source instance that delivered it; null for what cercle itself recorded.';
comment on column privacy.consent_events.identity_key is 'Pseudonym of the source identity that acted.';
comment on column privacy.consent_events.purposes is 'List of purposes that the event names, where more than one.';
comment on column privacy.consent_events.occurred_at is 'When it happened, as the source says; decisions order by it (R3), with R6 for what cannot be believed.';
comment on column privacy.consent_events.recorded_at is 'When the source recorded it: from then on it is known.';
comment on column privacy.consent_events.evidence_sha256 is 'SHA-256 of the reference to the proof, which stays in the source and in raw.';
comment on column privacy.consent_events.reference_event_id is 'Exact event of the ledger that this one confirms, guards or annuls; else by source system and source event id.';
comment on column privacy.consent_events.is_quarantined is 'Kept, and never allows: an unknown code or a date that cannot be believed. A conflicting redelivery is found when reading.';
comment on column privacy.consent_events.content_hash is 'SHA-256 of all that the source said, recorded_at excepted.';
comment on column privacy.consent_events.row_hash is 'SHA-256 of previous_hash and of this row''s content. Pseudonyms only, so that shredding breaks no link.';
comment on column privacy.consent_events.load_id is 'Delivery that brought it; null for what cercle itself recorded. Not part of the hash.';
create index consent_events_source on privacy.consent_events (ledger, source_system, source_event_id);
create index consent_events_load on privacy.consent_events (load_id);

-- The hash chain of a whole part in one pass: chain_hash(head, content) over (order by position).
create function privacy.chain_step(state text, head text, content text) returns text
language sql immutable parallel safe as $$
    select encode(sha256(convert_to(coalesce(state, head) || content, 'UTF8')), 'hex')
$$;
comment on function privacy.chain_step(text, text, text) is 'SHA-256 of the previous hash (the head for the first row) and of a row''s content, hexadecimal.';
create aggregate privacy.chain_hash(head text, content text) (sfunc = privacy.chain_step, stype = text);
comment on aggregate privacy.chain_hash(text, text) is 'As a window function over the rows in order: the hash chain that continues after head.';

create table privacy.ledger_heads (
    ledger text not null,
    position bigint not null,
    row_hash text not null,
    appended_count bigint not null,
    appended_at timestamptz not null default clock_timestamp(),
    primary key (ledger, position)
);
comment on table privacy.ledger_heads is 'One row per append: the last position and hash, kept outside the ledger, against a cut tail.';

create table privacy.ledger_loads (
    ledger text not null,
    load_id bigint not null,
    appended_count bigint not null,
    known_count bigint not null,
    quarantined_count bigint not null,
    appended_at timestamptz not null default clock_timestamp(),
    primary key (ledger, load_id)
);
comment on table privacy.ledger_loads is 'One row per delivery of consent events that the ledger has taken in.';

create function privacy.refuse_change() returns trigger
language plpgsql as $$
begin
    raise exception using
        message = format('%I.%I is append-only: %s is refused', tg_table_schema, tg_table_name, lower(tg_op)),
        errcode = 'insufficient_privilege';
end
$$;
comment on function privacy.refuse_change() is 'Trigger of append-only tables.';

create trigger consent_events_append_only
before update or delete or truncate on privacy.consent_events
for each statement execute function privacy.refuse_change();
create trigger ledger_heads_append_only
before update or delete or truncate on privacy.ledger_heads
for each statement execute function privacy.refuse_change();
revoke update, delete, truncate on privacy.consent_events, privacy.ledger_heads from public, current_user;

-- --- other evidence ----------------------------------------------------------------------------------------------------

create table privacy.list_scrubs (
    list_scrub_id bigint generated always as identity primary key,
    ledger text not null default 'main',
    list_name text not null default 'bloctel',
    scrubbed_at timestamptz not null,
    recorded_at timestamptz not null,
    covers_all boolean not null default false
);
comment on table privacy.list_scrubs is 'One row per comparison with an external opposition list.';
comment on column privacy.list_scrubs.covers_all is 'Whether every number was compared; else those that have an entry.';
create index list_scrubs_time on privacy.list_scrubs (ledger, scrubbed_at);

create table privacy.list_scrub_entries (
    list_scrub_id bigint not null references privacy.list_scrubs (list_scrub_id),
    contact_point_key text not null,
    is_listed boolean not null,
    primary key (contact_point_key, list_scrub_id)
);
comment on table privacy.list_scrub_entries is 'One row per comparison and number that was compared.';

create table privacy.contracts (
    contract_id bigint generated always as identity primary key,
    ledger text not null default 'main',
    identity_key text not null,
    starts_at timestamptz not null,
    ends_at timestamptz,
    related_families jsonb not null,
    recorded_at timestamptz not null
);
comment on table privacy.contracts is 'One row per contract in progress with a person, for the exceptions that the law ties to it.';
comment on column privacy.contracts.related_families is 'List of product families that the contract is related to.';
create index contracts_identity on privacy.contracts (ledger, identity_key);

create table privacy.call_log (
    call_id bigint generated always as identity primary key,
    ledger text not null default 'main',
    contact_point_key text not null,
    called_at timestamptz not null,
    recorded_at timestamptz not null,
    source_name text
);
comment on table privacy.call_log is 'One row per marketing call made outside the company''s own telephone exchange (whose calls come through raw).';
create index call_log_number on privacy.call_log (ledger, contact_point_key, called_at);

create view privacy.identity_links as
select
    'main'::text as ledger,
    members.member_key as record_key,
    members.id as customer_id,
    members.valid_from,
    members.valid_to,
    members.known_from,
    members.known_to
from identity.members
where members.kind = 'customer';
comment on view privacy.identity_links is 'One row per source record and period in which it was held to belong to a customer, on both time axes.';

-- --- rights of the person ----------------------------------------------------------------------------------------------

create table privacy.requests (
    request_key text primary key,
    source_name text,
    right_article text not null
        check (right_article in ('15', '16', '17', '18', '20', '21', '7-3')),
    kind text not null
        check (kind in ('access', 'rectification', 'erasure', 'restriction', 'portability', 'objection', 'withdrawal')),
    status text not null,
    received_at timestamptz not null,
    is_extended boolean not null default false,
    due_date date not null,
    closed_at timestamptz,
    channel text,
    identity_key text,
    contact_point_keys text[] not null default '{}',
    recorded_at timestamptz not null,
    load_id bigint
);
comment on table privacy.requests is 'One row per request of a person (data subject request), without the clear values that came with it.';
comment on column privacy.requests.request_key is 'Record key of the request: requests:<source>:<request id>, or cercle:<number> for what was entered here.';
comment on column privacy.requests.due_date is 'Last day of the answer: one month from the day of receipt in Paris (three when extended), rolled to a working day.';

create table privacy.request_proofs (
    request_proof_id bigint generated always as identity primary key,
    request_key text not null references privacy.requests (request_key),
    relation text not null,
    column_name text not null default '',
    action text not null,
    rows_before bigint not null,
    rows_after bigint not null,
    proved_at timestamptz not null default clock_timestamp()
);
comment on table privacy.request_proofs is 'One row per request, relation and column: rows that held the person before and after.';
create index request_proofs_request on privacy.request_proofs (request_key);

create table privacy.tombstones (
    tombstone_id bigint generated always as identity primary key,
    key_version text not null,
    kind text not null check (kind in ('email', 'tel', 'addr', 'social', 'ref')),
    value_key text not null,
    erased_at timestamptz not null,
    request_key text references privacy.requests (request_key),
    made_at timestamptz not null default clock_timestamp(),
    unique (key_version, kind, value_key, erased_at)
);
comment on table privacy.tombstones is 'One row per identifier of an erased person and spelling rule: no old file brings the person back.';
comment on column privacy.tombstones.value_key is 'HMAC-SHA256(secret of key_version, kind || chr(31) || value in the form of cercle.privacy.tombstones), hexadecimal.';
create index tombstones_key on privacy.tombstones (value_key);

-- --- decisions ---------------------------------------------------------------------------------------------------------

create table privacy.exports (
    export_id bigint generated always as identity primary key,
    segment text not null,
    channel text not null,
    purpose text not null,
    recipient text,
    controller text,
    exported_at timestamptz not null,
    ledger text not null default 'main',
    ledger_watermark timestamptz,
    ledger_position bigint,
    is_blocked boolean not null,
    blocked_reason text,
    line_count bigint not null,
    allowed_count bigint not null,
    file_sha256 text,
    made_by text not null default session_user
);
comment on table privacy.exports is 'One row per file that left, or was kept back, at the gate.';

create table privacy.decisions (
    export_id bigint not null references privacy.exports (export_id),
    line bigint not null,
    person_id text,
    contact_point_key text not null,
    channel text not null,
    purpose text not null,
    recipient text,
    controller text,
    valid_at timestamptz not null,
    known_at timestamptz not null,
    decision text not null check (decision in ('ALLOW', 'DENY')),
    reason text not null,
    basis text,
    rule_id text,
    evidence_event_id text,
    ledger_position bigint,
    primary key (export_id, line)
);
comment on table privacy.decisions is 'One row per line of each export: the decision, its basis, and the ledger position at which it was taken.';
create trigger decisions_append_only
before update or delete or truncate on privacy.decisions
for each statement execute function privacy.refuse_change();
revoke update, delete, truncate on privacy.decisions from public, current_user;
