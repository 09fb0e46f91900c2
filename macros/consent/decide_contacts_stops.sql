-- Returns CTEs: the stops that reach each question (R2, R5), and where the contact point cannot be reached. A stop with null purposes
-- reaches all of them, one with null channel every channel.
{% macro decide_contacts_stops(world) -%}
person_stops as (
    select
        asked.question_id,
        subject_events.event_id,
        subject_events.identity,
        subject_events.stop_severity,
        subject_events.stop_reason,
        subject_events.effective_at,
        false as is_on_contact_point
    from asked
    inner join subject_events on asked.subject_id = subject_events.subject_id
    where subject_events.stop_severity is not null
        and (
            subject_events.stop_scope = 'person'
            or (
                subject_events.stop_scope = 'channel'
                and coalesce(subject_events.channel = asked.channel, true)
            )
        )
        and coalesce(jsonb_exists(subject_events.stop_purposes, asked.purpose), true)
),

stop_events as (
    select *
    from {{ world['events'] }}
    where stop_severity is not null and contact_point is not null and not is_quarantined
),

contact_point_stops as (
    select
        asked_points.question_id,
        stop_events.event_id,
        stop_events.identity,
        stop_events.stop_severity,
        stop_events.stop_reason,
        stop_events.effective_at,
        true as is_on_contact_point
    from asked_points
    inner join stop_events
        on asked_points.ledger = stop_events.ledger
        and asked_points.reached_contact_point = stop_events.contact_point
    where stop_events.effective_at <= asked_points.valid_at
        and stop_events.known_from <= asked_points.known_at
        and asked_points.known_at < stop_events.known_to
        and (stop_events.stop_scope <> 'channel' or coalesce(stop_events.channel = asked_points.channel, true))
        and coalesce(jsonb_exists(stop_events.stop_purposes, asked_points.purpose), true)
),

all_stops as (
    select * from person_stops
    union all
    select * from contact_point_stops
),

stops as materialized (
    select
        question_id,
        event_id,
        identity,
        stop_severity,
        stop_reason,
        effective_at,
        bool_or(is_on_contact_point) as is_on_contact_point
    from all_stops
    group by question_id, event_id, identity, stop_severity, stop_reason, effective_at
),

-- Facts of delivery, whoever met them.
delivery_failures as (
    select
        asked.question_id,
        asked.subject_id,
        asked.ledger,
        asked.contact_point,
        asked.valid_at,
        asked.known_at,
        max(events.effective_at) as failed_at,
        max(events.event_id) as event_id
    from asked
    inner join {{ world['events'] }} as events
        on asked.ledger = events.ledger
        and asked.contact_point = events.contact_point
    where events.type in ('hard_bounce', 'contact_point_released')
        and not events.is_quarantined
        and events.effective_at <= asked.valid_at
        and events.known_from <= asked.known_at
        and asked.known_at < events.known_to
    group by
        asked.question_id, asked.subject_id, asked.ledger, asked.contact_point, asked.valid_at, asked.known_at
),

-- The person's own proof, not the company's.
verifications as (
    select
        delivery_failures.question_id,
        max(events.effective_at) as verified_at
    from delivery_failures
    inner join subject_identities on delivery_failures.subject_id = subject_identities.subject_id
    inner join {{ world['events'] }} as events
        on delivery_failures.ledger = events.ledger
        and delivery_failures.contact_point = events.contact_point
        and subject_identities.identity = events.identity
    where events.type = 'contact_point_verified'
        and not events.is_quarantined
        and coalesce(events.actor = 'subject', true)
        and events.effective_at <= delivery_failures.valid_at
        and events.known_from <= delivery_failures.known_at
        and delivery_failures.known_at < events.known_to
    group by delivery_failures.question_id
),

unreachable as (
    select
        delivery_failures.question_id,
        delivery_failures.event_id
    from delivery_failures
    left join verifications on delivery_failures.question_id = verifications.question_id
    where coalesce(verifications.verified_at, '-infinity') <= delivery_failures.failed_at
)
{%- endmacro %}
