-- Returns CTEs: the grants that would answer each question, each with the first of its faults (null: none). Retention comes later.
{% macro decide_contacts_grants(world) -%}
grant_events as (
    select *
    from {{ world['events'] }}
    where type = 'consent_given'
),

-- A grant serves its own channel, purpose and contact point,
point_grants as materialized (
    select
        asked_points.question_id,
        asked_points.subject_id,
        asked_points.case_id,
        asked_points.ledger,
        asked_points.channel,
        asked_points.purpose,
        asked_points.recipient,
        asked_points.valid_at,
        asked_points.known_at,
        grant_events.event_id,
        grant_events.source_system,
        grant_events.source_event_id,
        grant_events.identity,
        grant_events.is_quarantined,
        grant_events.actor,
        grant_events.method,
        grant_events.notice_id,
        grant_events.notice_version,
        grant_events.has_evidence,
        grant_events.is_explicit,
        grant_events.is_double_opt_in,
        grant_events.effective_at
    from asked_points
    inner join grant_events
        on asked_points.ledger = grant_events.ledger
        and asked_points.reached_contact_point = grant_events.contact_point
        and asked_points.channel = grant_events.channel
    where grant_events.effective_at <= asked_points.valid_at
        and grant_events.effective_at <= asked_points.grants_until
        and grant_events.known_from <= asked_points.known_at
        and asked_points.known_at < grant_events.known_to
        and (asked_points.purpose = grant_events.purpose or jsonb_exists(grant_events.purposes, asked_points.purpose))
        and coalesce(asked_points.controller = grant_events.controller, true)
),

-- and the person who gave it. Two ways to one contact point find its grants twice.
candidates as materialized (
    select distinct on (point_grants.question_id, point_grants.event_id) point_grants.*
    from point_grants
    inner join subject_identities
        on point_grants.subject_id = subject_identities.subject_id
        and point_grants.identity = subject_identities.identity
    order by point_grants.question_id, point_grants.event_id
),

confirming_events as (
    select
        ledger,
        type,
        reference_event_id,
        reference_source_system,
        reference_source_event_id,
        effective_at,
        known_from,
        known_to
    from {{ world['events'] }}
    where not is_quarantined
        and (
            (type = 'doi_confirmed' and coalesce(actor = 'subject', true))
            or (type = 'guardian_consent' and coalesce(actor = 'guardian', true))
        )
),

confirmations as (
    select
        candidates.question_id,
        candidates.event_id,
        confirming_events.type,
        confirming_events.effective_at,
        candidates.effective_at as given_at
    from candidates
    inner join confirming_events
        on candidates.ledger = confirming_events.ledger
        and candidates.event_id = confirming_events.reference_event_id
    where confirming_events.effective_at <= candidates.valid_at
        and confirming_events.known_from <= candidates.known_at
        and candidates.known_at < confirming_events.known_to

    union all

    select
        candidates.question_id,
        candidates.event_id,
        confirming_events.type,
        confirming_events.effective_at,
        candidates.effective_at as given_at
    from candidates
    inner join confirming_events
        on candidates.ledger = confirming_events.ledger
        and candidates.source_system = confirming_events.reference_source_system
        and candidates.source_event_id = confirming_events.reference_source_event_id
    where confirming_events.reference_event_id is null
        and confirming_events.effective_at <= candidates.valid_at
        and confirming_events.known_from <= candidates.known_at
        and candidates.known_at < confirming_events.known_to
),

confirmed as (
    select
        question_id,
        event_id,
        min(effective_at) filter (where type = 'doi_confirmed' and effective_at >= given_at) as confirmed_at,
        bool_or(type = 'guardian_consent') as is_guarded
    from confirmations
    group by question_id, event_id
),

grants as materialized (
    select
        candidates.question_id,
        candidates.case_id,
        candidates.ledger,
        candidates.known_at,
        candidates.event_id,
        candidates.identity,
        candidates.method,
        candidates.effective_at,
        case
            when candidates.is_quarantined then 'QUARANTINED'
            when candidates.actor is distinct from 'subject' then 'NO_PROOF'
            when jsonb_exists(policies.invalid_methods, candidates.method) then 'INVALID_METHOD'
            when not candidates.has_evidence or notices.notice_version_id is null then 'NO_PROOF'
            when notices.invalidation_known_at <= candidates.known_at
                and notices.invalidated_from <= candidates.valid_at then 'INVALIDATED'
            when coverage.notice_version_id is null then 'NOT_COVERED_BY_NOTICE'
            when policies.is_recipient_needed and recipients.notice_version_id is null then 'RECIPIENT_NOT_NAMED'
            when policies.is_explicit_needed and not candidates.is_explicit then 'NOT_EXPLICIT'
            -- A birthday cures nothing: the age is that of the day of the grant.
            when candidates.effective_at < {{ cercle.birthday('birth_dates.birth_date', 'policies.guardian_below_age', 'policies.consent_time_zone') }}
                and not coalesce(confirmed.is_guarded, false) then 'MINOR_NO_GUARDIAN'
            when (candidates.is_double_opt_in or policies.is_double_opt_in_needed)
                and not coalesce(
                    confirmed.confirmed_at < candidates.effective_at + make_interval(hours => policies.double_opt_in_hours),
                    false
                ) then 'PENDING_DOI'
        end as fault
    from candidates
    inner join policies on candidates.case_id = policies.case_id
    left join {{ world['notices'] }} as notices
        on candidates.ledger = notices.ledger
        and candidates.notice_id = notices.notice_id
        and candidates.notice_version = notices.notice_version
        and notices.known_from <= candidates.known_at
        and candidates.known_at < notices.known_to
        and notices.valid_from <= candidates.effective_at
        and candidates.effective_at < notices.valid_to
    left join {{ world['notice_coverage'] }} as coverage
        on notices.notice_version_id = coverage.notice_version_id
        and candidates.channel = coverage.channel
        and candidates.purpose = coverage.purpose
        and coverage.basis = 'CONSENT'
    left join {{ world['notice_recipients'] }} as recipients
        on notices.notice_version_id = recipients.notice_version_id
        and candidates.recipient = recipients.recipient
    left join birth_dates
        on candidates.ledger = birth_dates.ledger
        and candidates.identity = birth_dates.identity
    left join confirmed
        on candidates.question_id = confirmed.question_id
        and candidates.event_id = confirmed.event_id
)
{%- endmacro %}
