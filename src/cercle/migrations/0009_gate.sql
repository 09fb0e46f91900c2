-- The export gate: what a file was asked for, the house's own limits as rows, and what nobody may change afterwards.

alter table privacy.exports add column export_key text;
alter table privacy.exports add column product_family text;
alter table privacy.exports add column is_aggregate boolean not null default false;
alter table privacy.exports add column extra_columns text[] not null default '{}';
alter table privacy.exports add column file_format text;
alter table privacy.exports add column file_name text;
alter table privacy.exports add column blocks text[] not null default '{}';
alter table privacy.exports add column without_contact_point_count bigint not null default 0;
comment on column privacy.exports.segment is 'Name of the segment, or sql: and the first digits of the SHA-256 of its text.';
comment on column privacy.exports.export_key is 'Idempotency key: a second export with it writes nothing.';
comment on column privacy.exports.is_aggregate is 'Counts with small cells suppressed; no line of a person left, and none is in privacy.decisions.';
comment on column privacy.exports.extra_columns is 'Columns of customer_360 that left with each line; of an aggregate, those that it counts by.';
comment on column privacy.exports.blocks is 'Codes of what blocked it; docs/export.md lists them.';
comment on column privacy.exports.without_contact_point_count is 'Customers of the segment who have no contact point for the channel: no line.';
create unique index exports_key on privacy.exports (export_key) where not is_blocked;

create trigger exports_append_only
before update or delete or truncate on privacy.exports
for each statement execute function privacy.refuse_change();
revoke update, delete, truncate on privacy.exports from public, current_user;

create index decisions_person on privacy.decisions (person_id);
create index decisions_contact_point on privacy.decisions (contact_point_key);

-- The house's own rules, on top of the law: jurisdiction HOUSE, never asked by decide_contacts. Channel or purpose * = every one.
insert into privacy.policy_rules (rule_id, jurisdiction, kind, channel, purpose, basis, conditions, priority, citation, note) values
('HOUSE:LEDGER_AGE', 'HOUSE', 'gate', '*', '*', 'LEDGER_AGE', '{"hours": 36}', 1, 'Rule of the house; RGPD art. 7(3)', 'Older: every export is blocked'),
('HOUSE:SMALL_CELLS', 'HOUSE', 'gate', '*', '*', 'SMALL_CELLS', '{"k": 10}', 1, 'Rule of the house; RGPD considérant 26', 'Counts below k are suppressed'),
('HOUSE:CONTACT_PRESSURE:email', 'HOUSE', 'gate', 'email', 'direct_marketing', 'CONTACT_PRESSURE', '{"contacts": 4, "hours": 168}', 1, 'Rule of the house', 'E-mails to a person in 7 days'),
('HOUSE:CONTACT_PRESSURE:sms', 'HOUSE', 'gate', 'sms', 'direct_marketing', 'CONTACT_PRESSURE', '{"contacts": 2, "hours": 168}', 1, 'Rule of the house', 'Text messages to a person in 7 days'),
('HOUSE:CONTACT_PRESSURE:postal', 'HOUSE', 'gate', 'postal', 'direct_marketing', 'CONTACT_PRESSURE', '{"contacts": 2, "hours": 720}', 1, 'Rule of the house', 'Letters to a person in 30 days');
