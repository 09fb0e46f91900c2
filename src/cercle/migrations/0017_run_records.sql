-- How long the records of runs are kept: which model took how long, what each check said.

insert into privacy.policy_rules (rule_id, jurisdiction, kind, channel, purpose, basis, conditions, priority, citation, note) values
('HOUSE:RUN_RECORDS', 'HOUSE', 'gate', '*', '*', 'RUN_RECORDS', '{"days": 800}', 1, 'Rule of the house', 'Times of models and steps, results of checks, statistics for comparison; two years and a season');
