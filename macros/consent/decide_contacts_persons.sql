-- Returns CTEs: the identities of each person asked about, the contact points that stand behind the one asked about (replaced ones),
-- and the person's state: erased, restricted, minor.
{% macro decide_contacts_persons(world) -%}
subject_persons as (
    select distinct
        subjects.subject_id,
        subjects.ledger,
        links.person_id,
        subjects.valid_at,
        subjects.known_at
    from subjects
    inner join {{ world['links'] }} as links
        on subjects.ledger = links.ledger
        and subjects.identity = links.identity
    where links.valid_from <= subjects.valid_at
        and subjects.valid_at < links.valid_to
        and links.known_from <= subjects.known_at
        and subjects.known_at < links.known_to
),

-- A person has the events of all identities linked at valid_at (R5).
subject_identities as materialized (
    select
        subject_id,
        ledger,
        identity,
        valid_at,
        known_at
    from subjects

    union

    select
        subject_persons.subject_id,
        subject_persons.ledger,
        links.identity,
        subject_persons.valid_at,
        subject_persons.known_at
    from subject_persons
    inner join {{ world['links'] }} as links
        on subject_persons.ledger = links.ledger
        and subject_persons.person_id = links.person_id
    where links.valid_from <= subject_persons.valid_at
        and subject_persons.valid_at < links.valid_to
        and links.known_from <= subject_persons.known_at
        and subject_persons.known_at < links.known_to
),

-- Links that have ended: with them a stop made while two identities were linked stays on both after a split.
ended_links as (
    select links.*
    from {{ world['links'] }} as links
    where links.valid_to < 'infinity'
),

own_ended_links as (
    select
        subject_identities.subject_id,
        subject_identities.valid_at,
        subject_identities.known_at,
        ended_links.ledger,
        ended_links.person_id,
        ended_links.valid_from,
        ended_links.valid_to
    from subject_identities
    inner join ended_links
        on subject_identities.ledger = ended_links.ledger
        and subject_identities.identity = ended_links.identity
    where ended_links.valid_to <= subject_identities.valid_at
        and ended_links.known_from <= subject_identities.known_at
        and subject_identities.known_at < ended_links.known_to
),

other_ended_links as (
    select
        subject_persons.subject_id,
        subject_persons.valid_at,
        subject_persons.known_at,
        ended_links.ledger,
        ended_links.person_id,
        ended_links.identity,
        ended_links.valid_from,
        ended_links.valid_to
    from subject_persons
    inner join ended_links
        on subject_persons.ledger = ended_links.ledger
        and subject_persons.person_id = ended_links.person_id
    where ended_links.valid_to <= subject_persons.valid_at
        and ended_links.known_from <= subject_persons.known_at
        and subject_persons.known_at < ended_links.known_to
),

once_linked_identities as (
    select
        own_ended_links.subject_id,
        own_ended_links.ledger,
        own_ended_links.valid_at,
        own_ended_links.known_at,
        links.identity,
        greatest(own_ended_links.valid_from, links.valid_from) as linked_from,
        least(own_ended_links.valid_to, links.valid_to) as linked_to
    from own_ended_links
    inner join {{ world['links'] }} as links
        on own_ended_links.ledger = links.ledger
        and own_ended_links.person_id = links.person_id
    where links.known_from <= own_ended_links.known_at
        and own_ended_links.known_at < links.known_to
        and own_ended_links.valid_from < links.valid_to
        and links.valid_from < own_ended_links.valid_to

    union

    select
        other_ended_links.subject_id,
        other_ended_links.ledger,
        other_ended_links.valid_at,
        other_ended_links.known_at,
        other_ended_links.identity,
        greatest(other_ended_links.valid_from, links.valid_from) as linked_from,
        least(other_ended_links.valid_to, links.valid_to) as linked_to
    from other_ended_links
    inner join subject_identities
        on other_ended_links.subject_id = subject_identities.subject_id
        and other_ended_links.ledger = subject_identities.ledger
    inner join {{ world['links'] }} as links
        on subject_identities.ledger = links.ledger
        and subject_identities.identity = links.identity
        and other_ended_links.person_id = links.person_id
    where links.known_from <= other_ended_links.known_at
        and other_ended_links.known_at < links.known_to
        and other_ended_links.valid_from < links.valid_to
        and links.valid_from < other_ended_links.valid_to
),

-- What binds the person, not only a contact point.
person_events as (
    select *
    from {{ world['events'] }}
    where not is_quarantined
        and (stop_severity is not null or type in ('erasure_executed', 'restriction_on', 'restriction_off'))
),

-- Whoever is linked now acts at any time, whoever once was while it was.
acting_identities as (
    select
        subject_id,
        ledger,
        valid_at,
        known_at,
        identity,
        '-infinity'::timestamptz as linked_from,
        'infinity'::timestamptz as linked_to,
        true as is_linked_now
    from subject_identities

    union all

    select
        *,
        false as is_linked_now
    from once_linked_identities
),

subject_events as materialized (
    select
        acting_identities.subject_id,
        acting_identities.is_linked_now,
        person_events.event_id,
        person_events.identity,
        person_events.type,
        person_events.channel,
        person_events.stop_severity,
        person_events.stop_reason,
        person_events.stop_scope,
        person_events.stop_purposes,
        person_events.effective_at
    from acting_identities
    inner join person_events
        on acting_identities.ledger = person_events.ledger
        and acting_identities.identity = person_events.identity
    where person_events.effective_at <= acting_identities.valid_at
        and person_events.known_from <= acting_identities.known_at
        and acting_identities.known_at < person_events.known_to
        and acting_identities.linked_from <= person_events.effective_at
        and person_events.effective_at < acting_identities.linked_to
),

subject_states as (
    select
        subject_id,
        min(event_id) filter (where type = 'erasure_executed') as erased_event_id,
        max(event_id) filter (where type = 'restriction_on') as restriction_event_id,
        -- At the same instant the stop wins.
        coalesce(
            max(effective_at) filter (where type = 'restriction_on')
            >= coalesce(max(effective_at) filter (where type = 'restriction_off' and is_linked_now), '-infinity'),
            false
        ) as is_restricted
    from subject_events
    where stop_severity is null
    group by subject_id
),

birth_dates as (
    select
        ledger,
        identity,
        max(birth_date) as birth_date
    from {{ world['people'] }}
    where birth_date is not null
    group by ledger, identity
),

-- The youngest known birth date among the linked identities.
subject_births as (
    select
        subject_identities.subject_id,
        max(birth_dates.birth_date) as birth_date
    from subject_identities
    inner join birth_dates
        on subject_identities.ledger = birth_dates.ledger
        and subject_identities.identity = birth_dates.identity
    group by subject_identities.subject_id
),

replacements as (
    select
        ledger,
        from_contact_point,
        to_contact_point,
        coalesce(identity, '') as identity,
        coalesce(actor = 'subject', false) as is_by_subject,
        effective_at,
        known_from,
        known_to
    from {{ world['events'] }}
    where type = 'contact_point_replaced'
        and not is_quarantined
        and from_contact_point <> to_contact_point
),

replacement_paths as (
    select
        ledger,
        to_contact_point as contact_point,
        from_contact_point as replaced_contact_point,
        array[to_contact_point, from_contact_point] as visited,
        array[identity] as identities,
        is_by_subject,
        effective_at,
        effective_at as left_at,
        known_from,
        known_to
    from replacements

    union all

    select
        replacement_paths.ledger,
        replacement_paths.contact_point,
        replacements.from_contact_point as replaced_contact_point,
        replacement_paths.visited || replacements.from_contact_point as visited,
        replacement_paths.identities || replacements.identity as identities,
        replacement_paths.is_by_subject and replacements.is_by_subject as is_by_subject,
        greatest(replacement_paths.effective_at, replacements.effective_at) as effective_at,
        replacements.effective_at as left_at,
        greatest(replacement_paths.known_from, replacements.known_from) as known_from,
        least(replacement_paths.known_to, replacements.known_to) as known_to
    from replacement_paths
    inner join replacements
        on replacement_paths.ledger = replacements.ledger
        and replacement_paths.replaced_contact_point = replacements.to_contact_point
    where replacements.from_contact_point <> all(replacement_paths.visited)
),

asked_paths as materialized (
    select
        row_number() over () as path_id,
        asked.question_id,
        asked.subject_id,
        replacement_paths.replaced_contact_point,
        replacement_paths.identities,
        replacement_paths.is_by_subject,
        replacement_paths.left_at
    from asked
    inner join replacement_paths
        on asked.ledger = replacement_paths.ledger
        and asked.contact_point = replacement_paths.contact_point
    where replacement_paths.effective_at <= asked.valid_at
        and replacement_paths.known_from <= asked.known_at
        and asked.known_at < replacement_paths.known_to
),

path_hops as (
    select
        asked_paths.path_id,
        asked_paths.subject_id,
        hops.identity
    from asked_paths
    cross join lateral unnest(asked_paths.identities) as hops (identity)
),

-- Somebody else's replacement brings no grant.
strange_paths as (
    select distinct path_hops.path_id
    from path_hops
    left join subject_identities
        on path_hops.subject_id = subject_identities.subject_id
        and path_hops.identity = subject_identities.identity
    where subject_identities.subject_id is null
),

-- The contact point asked about, and those that it took the place of: all their stops, and the grants that the person took along.
asked_points as materialized (
    select
        asked.*,
        asked.contact_point as reached_contact_point,
        'infinity'::timestamptz as grants_until
    from asked
    where asked.contact_point is not null

    union all

    select
        asked.*,
        asked_paths.replaced_contact_point as reached_contact_point,
        case
            when asked_paths.is_by_subject and strange_paths.path_id is null then asked_paths.left_at
            else '-infinity'
        end as grants_until
    from asked_paths
    inner join asked on asked_paths.question_id = asked.question_id
    left join strange_paths on asked_paths.path_id = strange_paths.path_id
)
{%- endmacro %}
