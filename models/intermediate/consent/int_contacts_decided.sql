{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ cercle.forget_changed_answers() }}",
    meta={'new_rows': 'decided_as_of = (select ops.as_of())'}
) }}

-- An answer stands while the facts of its customer are the same and time alone does not change it; see decision 0091. A customer's are all
-- given at once.
with

questions as {{ 'materialized' if is_incremental() else 'not materialized' }} (
    select asked.*
    from {{ ref('int_contact_questions_asked') }} as asked
    where {{ cercle.is_unanswered('asked.identity') }}
),

digests as (
    select *
    from {{ ref('int_contact_facts_digested') }}
),

answers as (
    {{ cercle.decide_contacts('questions', cercle.consent_world()) }}
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
        digests.facts_digest,
        questions.valid_at as decided_as_of,
        answers.decision_valid_until
    from questions
    inner join answers on questions.question_id = answers.question_id
    left join digests on questions.identity = digests.customer_id
)

select * from decided
