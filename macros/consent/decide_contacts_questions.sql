-- Returns CTEs: the questions, the persons that they are about, and the policy that holds for each at valid_at. Null identity,
-- channel or purpose finds nothing.
{% macro decide_contacts_questions(questions, world) -%}
all_questions as materialized (
    select
        question_id,
        ledger,
        coalesce(identity, '') as identity,
        contact_point,
        coalesce(channel, '') as channel,
        coalesce(purpose, '') as purpose,
        recipient,
        controller,
        product_family,
        coalesce(check_hours, false) as is_hours_checked,
        coalesce(jurisdiction, 'FR') as jurisdiction,
        valid_at,
        known_at
    from {{ questions }}
),

distinct_subjects as (
    select distinct
        ledger,
        identity,
        valid_at,
        known_at
    from all_questions
),

subjects as materialized (
    select
        row_number() over () as subject_id,
        *
    from distinct_subjects
),

distinct_cases as (
    select distinct
        jurisdiction,
        channel,
        purpose,
        valid_at
    from all_questions
),

cases as materialized (
    select
        row_number() over () as case_id,
        *
    from distinct_cases
),

asked as materialized (
    select
        all_questions.question_id,
        subjects.subject_id,
        cases.case_id,
        all_questions.ledger,
        all_questions.contact_point,
        all_questions.channel,
        all_questions.purpose,
        all_questions.recipient,
        all_questions.controller,
        all_questions.product_family,
        all_questions.is_hours_checked,
        all_questions.jurisdiction,
        all_questions.valid_at,
        all_questions.known_at
    from all_questions
    inner join subjects
        on all_questions.ledger = subjects.ledger
        and all_questions.identity = subjects.identity
        and all_questions.valid_at = subjects.valid_at
        and all_questions.known_at = subjects.known_at
    inner join cases
        on all_questions.jurisdiction = cases.jurisdiction
        and all_questions.channel = cases.channel
        and all_questions.purpose = cases.purpose
        and all_questions.valid_at = cases.valid_at
),

-- Which bases and gates there are at valid_at, with their parameters.
policies_in_force as (
    select
        cases.case_id,
{%- for basis, name in [
    ('LEGAL_OBLIGATION', 'duty'), ('CONTRACT', 'service'), ('CONSENT', 'consent'), ('SOFT_OPT_IN', 'soft_opt_in'),
    ('LEGITIMATE_INTEREST', 'interest'), ('CONTRACT_ONGOING', 'contract'), ('MINOR_PROFILING', 'minor'), ('CALL_LIST', 'list'),
    ('CALL_REFUSED', 'call_refused'), ('CALL_HOURS', 'call_hours'), ('CALL_CAP', 'call_cap'),
] %}
        min(rules.rule_id) filter (where rules.basis = '{{ basis }}') as {{ name }}_rule_id,
        min(rules.priority) filter (where rules.basis = '{{ basis }}') as {{ name }}_priority,
        (min(rules.conditions::text) filter (where rules.basis = '{{ basis }}'))::jsonb as {{ name }}_conditions,
{%- endfor %}
        min(rules.valid_to) as policy_until
    from cases
    inner join {{ world['policies'] }} as rules
        on cases.jurisdiction = rules.jurisdiction
        and cases.channel = rules.channel
        and cases.purpose = rules.purpose
    where rules.valid_from <= cases.valid_at and cases.valid_at < rules.valid_to
    group by cases.case_id
),

-- A rule that begins later changes an answer too.
policies_to_come as (
    select
        cases.case_id,
        min(rules.valid_from) as policy_from
    from cases
    inner join {{ world['policies'] }} as rules
        on cases.jurisdiction = rules.jurisdiction
        and cases.channel = rules.channel
        and cases.purpose = rules.purpose
    where cases.valid_at < rules.valid_from
    group by cases.case_id
),

policies as materialized (
    select
        cases.case_id,
        policies_in_force.duty_rule_id,
        policies_in_force.service_rule_id,
        policies_in_force.consent_rule_id,
        policies_in_force.consent_priority,
        policies_in_force.consent_conditions -> 'invalid_methods' as invalid_methods,
        policies_in_force.consent_conditions -> 'methods_that_lift_no_stop' as methods_that_lift_no_stop,
        policies_in_force.consent_conditions ->> 'double_opt_in' = 'always' as is_double_opt_in_needed,
        (policies_in_force.consent_conditions ->> 'double_opt_in_hours')::integer as double_opt_in_hours,
        (policies_in_force.consent_conditions ->> 'guardian_below_age')::integer as guardian_below_age,
        policies_in_force.consent_conditions ->> 'time_zone' as consent_time_zone,
        coalesce((policies_in_force.consent_conditions ->> 'is_explicit')::boolean, false) as is_explicit_needed,
        coalesce((policies_in_force.consent_conditions ->> 'is_recipient_named')::boolean, false) as is_recipient_needed,
        (policies_in_force.consent_conditions ->> 'retention_months')::integer as consent_months,
        policies_in_force.soft_opt_in_rule_id,
        policies_in_force.soft_opt_in_priority,
        (policies_in_force.soft_opt_in_conditions ->> 'retention_months')::integer as soft_opt_in_months,
        policies_in_force.interest_rule_id,
        policies_in_force.interest_priority,
        (policies_in_force.interest_conditions ->> 'retention_months')::integer as interest_months,
        policies_in_force.contract_rule_id,
        policies_in_force.contract_priority,
        policies_in_force.minor_rule_id,
        (policies_in_force.minor_conditions ->> 'below_age')::integer as minor_below_age,
        policies_in_force.minor_conditions ->> 'time_zone' as minor_time_zone,
        policies_in_force.list_rule_id,
        (policies_in_force.list_conditions ->> 'scrub_hours')::integer as scrub_hours,
        policies_in_force.call_refused_rule_id,
        (policies_in_force.call_refused_conditions ->> 'hours')::integer as call_refused_hours,
        policies_in_force.call_hours_rule_id,
        policies_in_force.call_hours_conditions,
        policies_in_force.call_cap_rule_id,
        (policies_in_force.call_cap_conditions ->> 'calls')::integer as call_cap_calls,
        (policies_in_force.call_cap_conditions ->> 'hours')::integer as call_cap_hours,
        least(policies_in_force.policy_until, policies_to_come.policy_from) as policy_until
    from cases
    left join policies_in_force on cases.case_id = policies_in_force.case_id
    left join policies_to_come on cases.case_id = policies_to_come.case_id
)
{%- endmacro %}
