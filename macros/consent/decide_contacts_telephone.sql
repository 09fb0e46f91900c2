-- Returns CTEs: what the law of the channel asks before any basis: the opposition list, a refusal during a call, the hours, the cap.
-- Refusals and the cap are per number. A number that was never compared with the list is stale.
{% macro decide_contacts_telephone(world) -%}
listed_questions as materialized (
    select
        asked.question_id,
        asked.ledger,
        asked.contact_point,
        asked.valid_at,
        asked.known_at,
        policies.scrub_hours
    from asked
    inner join policies on asked.case_id = policies.case_id
    where policies.list_rule_id is not null
        and not exists (
            select 1
            from contracts_in_progress
            where contracts_in_progress.question_id = asked.question_id
        )
),

list_moments as (
    select distinct
        ledger,
        valid_at,
        known_at
    from listed_questions
),

-- The last comparison of all numbers before the moment.
general_scrubs as (
    select distinct on (list_moments.ledger, list_moments.valid_at, list_moments.known_at)
        list_moments.ledger,
        list_moments.valid_at,
        list_moments.known_at,
        scrubs.list_scrub_id,
        scrubs.scrubbed_at
    from list_moments
    inner join {{ world['scrubs'] }} as scrubs on list_moments.ledger = scrubs.ledger
    where scrubs.covers_all
        and scrubs.scrubbed_at <= list_moments.valid_at
        and scrubs.recorded_at <= list_moments.known_at
    order by
        list_moments.ledger, list_moments.valid_at, list_moments.known_at, scrubs.scrubbed_at desc, scrubs.list_scrub_id desc
),

number_scrubs as (
    select
        listed_questions.question_id,
        scrubs.scrubbed_at,
        entries.is_listed
    from listed_questions
    inner join {{ world['scrub_entries'] }} as entries on listed_questions.contact_point = entries.contact_point
    inner join {{ world['scrubs'] }} as scrubs
        on entries.list_scrub_id = scrubs.list_scrub_id
        and listed_questions.ledger = scrubs.ledger
    where scrubs.scrubbed_at <= listed_questions.valid_at and scrubs.recorded_at <= listed_questions.known_at

    union all

    select
        listed_questions.question_id,
        general_scrubs.scrubbed_at,
        false as is_listed
    from listed_questions
    inner join general_scrubs
        on listed_questions.ledger = general_scrubs.ledger
        and listed_questions.valid_at = general_scrubs.valid_at
        and listed_questions.known_at = general_scrubs.known_at
),

last_scrubs as (
    select distinct on (question_id)
        question_id,
        scrubbed_at,
        is_listed
    from number_scrubs
    order by question_id, scrubbed_at desc, is_listed desc
),

list_answers as (
    select
        listed_questions.question_id,
        last_scrubs.scrubbed_at + make_interval(hours => listed_questions.scrub_hours) as fresh_until,
        case
            when last_scrubs.scrubbed_at is null
                or last_scrubs.scrubbed_at + make_interval(hours => listed_questions.scrub_hours) <= listed_questions.valid_at
                then 'SCRUB_STALE'
            when last_scrubs.is_listed then 'BLOCTEL'
        end as reason
    from listed_questions
    left join last_scrubs on listed_questions.question_id = last_scrubs.question_id
),

call_refusals as (
    select
        asked.question_id,
        max(events.event_id) as event_id,
        max(events.effective_at + make_interval(hours => policies.call_refused_hours)) as refused_until
    from asked
    inner join policies on asked.case_id = policies.case_id
    inner join {{ world['events'] }} as events
        on asked.ledger = events.ledger
        and asked.contact_point = events.contact_point
    where policies.call_refused_rule_id is not null
        and events.type = 'call_refused'
        and not events.is_quarantined
        and events.effective_at <= asked.valid_at
        and asked.valid_at < events.effective_at + make_interval(hours => policies.call_refused_hours)
        and events.known_from <= asked.known_at
        and asked.known_at < events.known_to
    group by asked.question_id
),

hour_questions as (
    select
        asked.question_id,
        asked.ledger,
        asked.jurisdiction,
        asked.valid_at at time zone (policies.call_hours_conditions ->> 'time_zone') as local_at,
        policies.call_hours_conditions
    from asked
    inner join policies on asked.case_id = policies.case_id
    where asked.is_hours_checked and policies.call_hours_rule_id is not null
),

outside_hours as (
    select hour_questions.question_id
    from hour_questions
    left join {{ world['holidays'] }} as holidays
        on hour_questions.ledger = holidays.ledger
        and hour_questions.jurisdiction = holidays.jurisdiction
        and hour_questions.local_at::date = holidays.holiday_date
    where holidays.holiday_date is not null
        or not hour_questions.call_hours_conditions -> 'weekdays' @> to_jsonb(extract(isodow from hour_questions.local_at)::integer)
        or not exists (
            select 1
            from jsonb_array_elements(hour_questions.call_hours_conditions -> 'windows') as windows (hours)
            where (windows.hours ->> 0)::time <= hour_questions.local_at::time
                and hour_questions.local_at::time < (windows.hours ->> 1)::time
        )
),

call_caps as (
    select
        asked.question_id,
        min(calls.called_at + make_interval(hours => policies.call_cap_hours)) as capped_until
    from asked
    inner join policies on asked.case_id = policies.case_id
    inner join {{ world['calls'] }} as calls
        on asked.ledger = calls.ledger
        and asked.contact_point = calls.contact_point
    where policies.call_cap_rule_id is not null
        and calls.called_at <= asked.valid_at
        and asked.valid_at < calls.called_at + make_interval(hours => policies.call_cap_hours)
        and calls.known_from <= asked.known_at
    group by asked.question_id, policies.call_cap_calls
    having count(*) >= policies.call_cap_calls
)
{%- endmacro %}
