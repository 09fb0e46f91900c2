with

questions as (
    select *
    from {{ ref('int_contact_questions_asked') }}
),

answers as (
    {{ cercle.decide_contacts(ref('int_contact_questions_asked'), cercle.consent_world()) }}
),

decided as (
    select
        questions.identity as customer_id,
        questions.contact_point_key,
        questions.contact_point_kind,
        questions.channel,
        questions.purpose,
        coalesce(questions.product_family, '') as product_family,
        coalesce(questions.controller, '') as controller,
        coalesce(questions.recipient, '') as recipient,
        answers.decision,
        answers.reason,
        answers.basis,
        answers.rule_id,
        answers.evidence_event_id,
        questions.valid_at as decided_as_of,
        answers.decision_valid_until
    from questions
    inner join answers on questions.question_id = answers.question_id
)

select * from decided
