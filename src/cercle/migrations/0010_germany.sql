-- A second jurisdiction, as rows: no code knows it. E-mail needs the confirmation of a double opt-in always, and a sale allows nothing
-- without one: there is no soft opt-in. Project choices on top of the law, to be confirmed by a data-protection officer.

insert into privacy.policy_rules (rule_id, jurisdiction, kind, channel, purpose, basis, conditions, priority, citation, note)
select
    'DE' || substr(rule_id, 3),
    'DE',
    kind,
    channel,
    purpose,
    basis,
    case
        when basis = 'CONSENT' then conditions
            || jsonb_build_object('guardian_below_age', 16, 'time_zone', 'Europe/Berlin')
            || case when channel = 'email' then '{"double_opt_in": "always"}'::jsonb else '{}'::jsonb end
        when conditions ? 'time_zone' then conditions || '{"time_zone": "Europe/Berlin"}'
        else conditions
    end,
    priority,
    case
        when basis = 'CONSENT' and purpose = 'special_category_use' then 'DSGVO Art. 9(2)(a), 7'
        when basis = 'CONSENT' and channel = 'email' then 'UWG § 7(2) Nr. 2; DSGVO Art. 6(1)(a), 7, 8; BGH I ZR 164/09 (double opt-in)'
        when basis = 'CONSENT' then 'UWG § 7(2); DSGVO Art. 6(1)(a), 7, 8'
        when basis = 'LEGITIMATE_INTEREST' then 'DSGVO Art. 6(1)(f), Erwägungsgrund 47; UWG § 7(1)'
        when basis = 'CALL_REFUSED' then 'UWG § 7(1); rule of the house'
        when basis = 'MINOR_PROFILING' then 'Verordnung (EU) 2022/2065 Art. 28; DSGVO Erwägungsgrund 38'
        else replace(replace(citation, 'RGPD art.', 'DSGVO Art.'), 'C. consom.', 'UWG')
    end,
    case when basis = 'CONSENT' and channel = 'email' then 'The confirmation is needed always' end
from privacy.policy_rules
where jurisdiction = 'FR'
    and basis in ('CONSENT', 'LEGITIMATE_INTEREST', 'CALL_REFUSED', 'MINOR_PROFILING', 'LEGAL_OBLIGATION', 'CONTRACT')
    -- a call to a consumer needs consent, and did before the French law said so
    and not (basis = 'LEGITIMATE_INTEREST' and channel = 'phone_call');
