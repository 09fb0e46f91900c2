-- Returns CTEs: one answer per question in the order of R10. decision_valid_until is the first instant at which time alone, without a
-- new fact, may change it or its reason (null: never).
{% macro decide_contacts_answers() -%}
{%- set fault_reasons = [
    'NOT_EXPLICIT', 'RECIPIENT_NOT_NAMED', 'MINOR_NO_GUARDIAN', 'PENDING_DOI', 'INVALIDATED', 'INVALID_METHOD', 'NO_PROOF',
    'NOT_COVERED_BY_NOTICE', 'QUARANTINED', 'EXPIRED',
] -%}
all_faults as (
    select
        question_id,
        event_id,
        array_position(array{{ fault_reasons }}, fault) as fault_rank,
        fault
    from grants
    where fault is not null

    union all

    select
        question_id,
        null as event_id,
        {{ fault_reasons | length }} as fault_rank,
        'EXPIRED' as fault
    from expired
),

faults as (
    select distinct on (question_id)
        question_id,
        event_id,
        fault
    from all_faults
    order by question_id, fault_rank, event_id
),

facts as (
    select
        asked.question_id,
        asked.valid_at,
        asked.is_hours_checked,
        policies.policy_until,
        policies.duty_rule_id,
        policies.service_rule_id,
        policies.minor_rule_id,
        policies.list_rule_id,
        policies.call_refused_rule_id,
        policies.call_hours_rule_id,
        policies.call_cap_rule_id,
        subject_states.erased_event_id,
        subject_states.is_restricted,
        subject_states.restriction_event_id,
        unreachable.question_id is not null as is_unreachable,
        unreachable.event_id as unreachable_event_id,
        {{ cercle.birthday('subject_births.birth_date', 'policies.minor_below_age', 'policies.minor_time_zone') }} as of_age_at,
        standing_stops.stop_reason,
        standing_stops.event_id as stop_event_id,
        list_answers.reason as list_reason,
        list_answers.fresh_until,
        call_refusals.refused_until,
        call_refusals.event_id as call_refusal_event_id,
        outside_hours.question_id is not null as is_outside_hours,
        call_caps.capped_until,
        grounds.basis,
        grounds.rule_id as basis_rule_id,
        grounds.evidence_id,
        grounds.ends_at,
        faults.fault,
        faults.event_id as fault_event_id
    from asked
    inner join policies on asked.case_id = policies.case_id
    left join subject_states on asked.subject_id = subject_states.subject_id
    left join subject_births on asked.subject_id = subject_births.subject_id
    left join unreachable on asked.question_id = unreachable.question_id
    left join standing_stops on asked.question_id = standing_stops.question_id
    left join list_answers on asked.question_id = list_answers.question_id
    left join call_refusals on asked.question_id = call_refusals.question_id
    left join outside_hours on asked.question_id = outside_hours.question_id
    left join call_caps on asked.question_id = call_caps.question_id
    left join grounds on asked.question_id = grounds.question_id
    left join faults on asked.question_id = faults.question_id
),

reasons as (
    select
        *,
        case
            when erased_event_id is not null then 'ERASED'
            when duty_rule_id is not null then 'LEGAL_OBLIGATION'
            when is_restricted then 'RESTRICTED'
            when is_unreachable then 'UNREACHABLE'
            when service_rule_id is not null then 'CONTRACT'
            when valid_at < of_age_at then 'MINOR_PROFILING'
            when stop_reason is not null then stop_reason
            when list_reason is not null then list_reason
            when refused_until is not null then 'CALL_REFUSED_60D'
            when is_outside_hours then 'OUTSIDE_HOURS'
            when capped_until is not null then 'CALL_CAP'
            when basis is not null then basis
            else coalesce(fault, 'NO_BASIS')
        end as reason
    from facts
),

answered as (
    select
        question_id,
        case
            when reason in (
                'LEGAL_OBLIGATION', 'CONTRACT', 'CONSENT', 'SOFT_OPT_IN', 'LEGITIMATE_INTEREST', 'CONTRACT_ONGOING'
            ) then 'ALLOW'
            else 'DENY'
        end as decision,
        reason,
        case
            when reason in ('LEGAL_OBLIGATION', 'CONTRACT') then reason
            when reason = basis then basis
        end as basis,
        case reason
            when 'ERASED' then 'R12'
            when 'LEGAL_OBLIGATION' then duty_rule_id
            when 'RESTRICTED' then 'R10'
            when 'UNREACHABLE' then 'R10'
            when 'CONTRACT' then service_rule_id
            when 'MINOR_PROFILING' then minor_rule_id
            when 'OBJECTED' then 'R8'
            when 'WITHDRAWN' then 'R8'
            when 'REFUSED' then 'R8'
            when 'SCRUB_STALE' then list_rule_id
            when 'BLOCTEL' then list_rule_id
            when 'CALL_REFUSED_60D' then call_refused_rule_id
            when 'OUTSIDE_HOURS' then call_hours_rule_id
            when 'CALL_CAP' then call_cap_rule_id
            when 'EXPIRED' then 'R9'
            when 'QUARANTINED' then 'R6'
            when 'NO_BASIS' then 'R1'
            when basis then basis_rule_id
            else 'R7'
        end as rule_id,
        case
            when reason = 'ERASED' then erased_event_id
            when reason = 'RESTRICTED' then restriction_event_id
            when reason = 'UNREACHABLE' then unreachable_event_id
            when reason = stop_reason then stop_event_id
            when reason = 'CALL_REFUSED_60D' then call_refusal_event_id
            when reason = basis then evidence_id
            when reason = fault then fault_event_id
        end as evidence_event_id,
        nullif(
            least(
                coalesce(policy_until, 'infinity'),
                case reason
                    when 'MINOR_PROFILING' then of_age_at
                    when 'BLOCTEL' then fresh_until
                    when 'CALL_REFUSED_60D' then refused_until
                    when 'CALL_CAP' then capped_until
                    when 'OUTSIDE_HOURS' then date_trunc('hour', valid_at) + interval '1 hour'
                    when basis then least(
                        ends_at,
                        fresh_until,
                        case when is_hours_checked then date_trunc('hour', valid_at) + interval '1 hour' end
                    )
                end
            ),
            'infinity'
        ) as decision_valid_until
    from reasons
)
{%- endmacro %}
