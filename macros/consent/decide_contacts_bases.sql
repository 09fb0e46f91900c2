-- Returns CTEs: the grounds on which each question could be allowed, and when the retention term of each ends (R9).
{% macro decide_contacts_bases(world) -%}
-- What a term of retention begins with: a grant, a sale, an informed opt-out.
beginnings as materialized (
    select
        question_id,
        identity,
        'CONSENT' as basis,
        event_id as evidence_id,
        effective_at as started_at
    from valid_grants

    union all

    select
        asked.question_id,
        sales.identity,
        'SOFT_OPT_IN' as basis,
        sales.sale_id as evidence_id,
        sales.occurred_at as started_at
    from asked
    inner join {{ world['sales'] }} as sales
        on asked.ledger = sales.ledger
        and asked.contact_point = sales.contact_point
        and asked.controller = sales.controller
        and asked.product_family = sales.product_family
    where sales.status = 'completed'
        and sales.is_collected_from_subject
        and sales.is_optout_offered
        and sales.occurred_at <= asked.valid_at
        and sales.known_from <= asked.known_at

    union all

    select
        asked.question_id,
        events.identity,
        'LEGITIMATE_INTEREST' as basis,
        events.event_id as evidence_id,
        events.effective_at as started_at
    from asked
    inner join {{ world['events'] }} as events
        on asked.ledger = events.ledger
        and asked.contact_point = events.contact_point
        and asked.channel = events.channel
    where events.type = 'informed_optout_offered'
        and not events.is_quarantined
        and coalesce(events.purpose = asked.purpose, true)
        and coalesce(asked.controller = events.controller, true)
        and events.effective_at <= asked.valid_at
        and events.known_from <= asked.known_at
        and asked.known_at < events.known_to
),

policy_bases as (
    {%- for basis, name in [('CONSENT', 'consent'), ('SOFT_OPT_IN', 'soft_opt_in'), ('LEGITIMATE_INTEREST', 'interest')] %}
    select
        case_id,
        '{{ basis }}' as basis,
        {{ name }}_rule_id as rule_id,
        {{ name }}_priority as priority,
        {{ name }}_months as months
    from policies
    where {{ name }}_rule_id is not null
        {%- if not loop.last %}

    union all

        {% endif %}
    {%- endfor %}
),

-- The person's own, where the policy has a rule for them.
bases as materialized (
    select
        beginnings.question_id,
        asked.subject_id,
        beginnings.basis,
        policy_bases.rule_id,
        policy_bases.priority,
        policy_bases.months,
        beginnings.evidence_id,
        beginnings.started_at
    from beginnings
    inner join asked on beginnings.question_id = asked.question_id
    inner join subject_identities
        on asked.subject_id = subject_identities.subject_id
        and beginnings.identity = subject_identities.identity
    inner join policy_bases
        on asked.case_id = policy_bases.case_id
        and beginnings.basis = policy_bases.basis
),

based_subjects as (
    select
        subject_id,
        months,
        min(started_at) as started_at
    from bases
    group by subject_id, months
),

-- An open is not contact.
engagements as (
    select distinct
        based_subjects.subject_id,
        based_subjects.months,
        engagements.occurred_at
    from based_subjects
    inner join subject_identities on based_subjects.subject_id = subject_identities.subject_id
    inner join {{ world['engagements'] }} as engagements
        on subject_identities.ledger = engagements.ledger
        and subject_identities.identity = engagements.identity
    where engagements.kind in (
        'purchase', 'click', 'login', 'inbound_call', 'inbound_message', 'form_submit', 'store_visit_identified'
    )
        and based_subjects.started_at <= engagements.occurred_at
        and engagements.occurred_at <= subject_identities.valid_at
        and engagements.known_from <= subject_identities.known_at
),

engagement_gaps as (
    select
        *,
        case
            when occurred_at < {{ cercle.add_months('lag(occurred_at) over person_engagements', 'months') }} then 0
            else 1
        end as is_after_gap
    from engagements
    window person_engagements as (partition by subject_id, months order by occurred_at)
),

engagement_runs as (
    select
        *,
        sum(is_after_gap) over (partition by subject_id, months order by occurred_at) as run_number
    from engagement_gaps
),

-- Engagements without a gap as long as the term: each starts the term anew, and one that ran out stays run out.
engaged_periods as materialized (
    select
        subject_id,
        months,
        min(occurred_at) as first_engaged_at,
        max(occurred_at) as last_engaged_at
    from engagement_runs
    group by subject_id, months, run_number
),

terms as (
    select
        bases.*,
        {{ cercle.add_months('coalesce(max(engaged_periods.last_engaged_at), bases.started_at)', 'bases.months') }} as ends_at
    from bases
    left join engaged_periods
        on bases.subject_id = engaged_periods.subject_id
        and bases.months = engaged_periods.months
        and bases.started_at <= engaged_periods.last_engaged_at
        and engaged_periods.first_engaged_at < {{ cercle.add_months('bases.started_at', 'bases.months') }}
    group by
        bases.question_id, bases.subject_id, bases.basis, bases.rule_id, bases.priority, bases.months, bases.evidence_id, bases.started_at
),

contracts_in_progress as (
    select
        asked.question_id,
        asked.subject_id,
        'CONTRACT_ONGOING' as basis,
        policies.contract_rule_id as rule_id,
        policies.contract_priority as priority,
        contracts.contract_id as evidence_id,
        contracts.ends_at
    from asked
    inner join policies on asked.case_id = policies.case_id
    inner join subject_identities on asked.subject_id = subject_identities.subject_id
    inner join {{ world['contracts'] }} as contracts
        on subject_identities.ledger = contracts.ledger
        and subject_identities.identity = contracts.identity
    where policies.contract_rule_id is not null
        and jsonb_exists(contracts.related_families, asked.product_family)
        and contracts.starts_at <= asked.valid_at
        and asked.valid_at < contracts.ends_at
        and contracts.known_from <= asked.known_at
),

all_grounds as (
    select
        terms.question_id,
        terms.basis,
        terms.rule_id,
        terms.priority,
        terms.evidence_id,
        terms.ends_at
    from terms

    union all

    select
        question_id,
        basis,
        rule_id,
        priority,
        evidence_id,
        ends_at
    from contracts_in_progress
),

-- Allowed strictly before the end of the term.
grounds as (
    select distinct on (all_grounds.question_id)
        all_grounds.question_id,
        all_grounds.basis,
        all_grounds.rule_id,
        all_grounds.evidence_id,
        all_grounds.ends_at
    from all_grounds
    inner join asked on all_grounds.question_id = asked.question_id
    where asked.valid_at < all_grounds.ends_at
    order by all_grounds.question_id, all_grounds.priority, all_grounds.ends_at desc, all_grounds.evidence_id
),

expired as (
    select distinct terms.question_id
    from terms
    inner join asked on terms.question_id = asked.question_id
    where terms.ends_at <= asked.valid_at
)
{%- endmacro %}
