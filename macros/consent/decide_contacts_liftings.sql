-- Returns CTEs: the stops that still stand after R4, the most severe of each question first. Lifting is an act of the subject: it
-- holds when the grant expires, not when the grant proves invalid.
{% macro decide_contacts_liftings(world) -%}
valid_grants as materialized (
    select grants.*
    from grants
    inner join policies on grants.case_id = policies.case_id
    where grants.fault is null and policies.consent_rule_id is not null
),

-- At the same instant the stop wins; a file or a flag lifts nothing.
later_grants as materialized (
    select
        stops.question_id,
        stops.event_id as stop_event_id,
        stops.identity as stop_identity,
        valid_grants.ledger,
        valid_grants.known_at,
        valid_grants.identity as grant_identity,
        valid_grants.effective_at as granted_at,
        coalesce(stops.is_on_contact_point or stops.identity = valid_grants.identity, false) as is_same_place
    from stops
    inner join valid_grants
        on stops.question_id = valid_grants.question_id
        and stops.effective_at < valid_grants.effective_at
    inner join policies on valid_grants.case_id = policies.case_id
    where not coalesce(jsonb_exists(policies.methods_that_lift_no_stop, valid_grants.method), false)
),

linked_then as (
    select distinct
        later_grants.question_id,
        later_grants.stop_event_id
    from later_grants
    inner join {{ world['links'] }} as stop_links
        on later_grants.ledger = stop_links.ledger
        and later_grants.stop_identity = stop_links.identity
    inner join {{ world['links'] }} as grant_links
        on later_grants.ledger = grant_links.ledger
        and later_grants.grant_identity = grant_links.identity
        and stop_links.person_id = grant_links.person_id
    where not later_grants.is_same_place
        and stop_links.lifts_from <= later_grants.granted_at
        and later_grants.granted_at < stop_links.valid_to
        and stop_links.known_from <= later_grants.known_at
        and later_grants.known_at < stop_links.known_to
        and grant_links.lifts_from <= later_grants.granted_at
        and later_grants.granted_at < grant_links.valid_to
        and grant_links.known_from <= later_grants.known_at
        and later_grants.known_at < grant_links.known_to
),

lifted_stops as (
    select
        question_id,
        stop_event_id
    from later_grants
    where is_same_place

    union

    select
        question_id,
        stop_event_id
    from linked_then
),

standing_stops as (
    select distinct on (stops.question_id)
        stops.question_id,
        stops.event_id,
        stops.stop_reason
    from stops
    left join lifted_stops
        on stops.question_id = lifted_stops.question_id
        and stops.event_id = lifted_stops.stop_event_id
    where lifted_stops.question_id is null
    order by stops.question_id, stops.stop_severity desc, stops.effective_at desc, stops.event_id
)
{%- endmacro %}
