-- The policy of a French retailer, as rows. Another country or a new decree is a row here, not code (docs/consent.md).
-- Project choices on top of the law, to be confirmed by a data-protection officer.

-- Consent: every channel and marketing purpose.
insert into privacy.policy_rules (rule_id, jurisdiction, kind, channel, purpose, basis, conditions, priority, citation)
select
    'FR:CONSENT:' || channels.code || ':' || purposes.code,
    'FR',
    'basis',
    channels.code,
    purposes.code,
    'CONSENT',
    jsonb_build_object(
        'retention_months', 36,
        'double_opt_in', 'as_recorded',
        'double_opt_in_hours', 168,
        'guardian_below_age', 15,
        'is_explicit', purposes.code = 'special_category_use',
        'is_recipient_named', purposes.code = 'partner_prospecting',
        'invalid_methods', jsonb_build_array('preticked', 'tos_acceptance', 'account_creation', 'silence', 'inferred'),
        'methods_that_lift_no_stop', jsonb_build_array('bulk_import', 'file_reload', 'crm_flag'),
        'time_zone', 'Europe/Paris'
    ),
    10,
    case purposes.code
        when 'special_category_use' then 'RGPD art. 9(2)(a); art. 7; loi 78-17 art. 45'
        when 'partner_prospecting' then 'RGPD art. 6(1)(a), 7, 13(1)(e); CPCE art. L34-5'
        else 'RGPD art. 6(1)(a), 7; CPCE art. L34-5; loi 78-17 art. 45; CNIL, référentiel gestion commerciale (3 ans)'
    end
from privacy.vocabularies as channels
cross join privacy.vocabularies as purposes
where channels.vocabulary = 'channel' and purposes.vocabulary = 'purpose' and purposes.is_marketing;

-- Soft opt-in: e-mail and text message.
insert into privacy.policy_rules (rule_id, jurisdiction, kind, channel, purpose, basis, conditions, priority, citation) values
('FR:SOFT_OPT_IN:email:direct_marketing', 'FR', 'basis', 'email', 'direct_marketing', 'SOFT_OPT_IN', '{"retention_months": 36}', 20, 'CPCE art. L34-5 al. 4'),
('FR:SOFT_OPT_IN:sms:direct_marketing', 'FR', 'basis', 'sms', 'direct_marketing', 'SOFT_OPT_IN', '{"retention_months": 36}', 20, 'CPCE art. L34-5 al. 4');

-- Legitimate interest. The telephone law of 2025 takes effect on 2026-08-11, 00:00 in Paris: these are the two rows that end.
insert into privacy.policy_rules (rule_id, jurisdiction, kind, channel, purpose, basis, conditions, priority, valid_to, citation, note) values
('FR:LEGITIMATE_INTEREST:postal:direct_marketing', 'FR', 'basis', 'postal', 'direct_marketing', 'LEGITIMATE_INTEREST', '{"retention_months": 36}', 30, 'infinity', 'RGPD art. 6(1)(f), considérant 47', null),
('FR:LEGITIMATE_INTEREST:phone_call:direct_marketing', 'FR', 'basis', 'phone_call', 'direct_marketing', 'LEGITIMATE_INTEREST', '{"retention_months": 36}', 30, '2026-08-11 00:00 Europe/Paris', 'RGPD art. 6(1)(f); C. consom. art. L223-1', 'Ends with loi 2025-594'),
('FR:CALL_LIST:phone_call:direct_marketing', 'FR', 'gate', 'phone_call', 'direct_marketing', 'CALL_LIST', '{"scrub_hours": 720}', 1, '2026-08-11 00:00 Europe/Paris', 'C. consom. art. L223-1 (Bloctel)', 'Ends with loi 2025-594');

-- Telephone, before and after.
insert into privacy.policy_rules (rule_id, jurisdiction, kind, channel, purpose, basis, conditions, priority, citation, note) values
('FR:CONTRACT_ONGOING:phone_call:direct_marketing', 'FR', 'basis', 'phone_call', 'direct_marketing', 'CONTRACT_ONGOING', '{}', 40, 'C. consom. art. L223-1, contrat en cours', 'Also frees from the list while that is asked'),
('FR:CALL_REFUSED:phone_call:direct_marketing', 'FR', 'gate', 'phone_call', 'direct_marketing', 'CALL_REFUSED', '{"hours": 1440}', 2, 'C. consom. art. D223-9', '60 days after a refusal during a call'),
('FR:CALL_HOURS:phone_call:direct_marketing', 'FR', 'gate', 'phone_call', 'direct_marketing', 'CALL_HOURS', '{"time_zone": "Europe/Paris", "weekdays": [1, 2, 3, 4, 5], "windows": [["10:00", "13:00"], ["14:00", "20:00"]]}', 3, 'C. consom. art. D223-9', 'Asked only where a question says so'),
('FR:CALL_CAP:phone_call:direct_marketing', 'FR', 'gate', 'phone_call', 'direct_marketing', 'CALL_CAP', '{"calls": 4, "hours": 720}', 4, 'C. consom. art. D223-9', 'At most 4 calls in 30 days');

-- Minors are never matched with a platform's users.
insert into privacy.policy_rules (rule_id, jurisdiction, kind, channel, purpose, basis, conditions, priority, citation)
select
    'FR:MINOR_PROFILING:' || code || ':audience_matching', 'FR', 'gate', code, 'audience_matching', 'MINOR_PROFILING',
    '{"below_age": 18, "time_zone": "Europe/Paris"}', 0, 'Règlement (UE) 2022/2065 art. 28; RGPD considérant 38'
from privacy.vocabularies
where vocabulary = 'channel';

-- What may be sent without any marketing basis.
insert into privacy.policy_rules (rule_id, jurisdiction, kind, channel, purpose, basis, priority, citation)
select
    'FR:' || grounds.basis || ':' || channels.code || ':' || grounds.purpose,
    'FR', 'basis', channels.code, grounds.purpose, grounds.basis, 0, grounds.citation
from privacy.vocabularies as channels
cross join (
    values
    ('rights_response', 'LEGAL_OBLIGATION', 'RGPD art. 6(1)(c), 12'),
    ('security_notice', 'LEGAL_OBLIGATION', 'RGPD art. 6(1)(c), 34'),
    ('service_transactional', 'CONTRACT', 'RGPD art. 6(1)(b)')
) as grounds (purpose, basis, citation)
where channels.vocabulary = 'channel';
