-- Returns a query: the answers to the questions of one part of the customers (int_contact_questions_asked.part). Two models answer, beside
-- each other, since one can use one core.
--
-- An answer stands while the facts of its customer are the same and time alone does not change it; see decision 0091. A customer's are all
-- given at once. An increment reads of the world what may count for the customers that are touched.
{% macro decide_contacts_part(part) -%}
{%- set world = cercle.consent_world() -%}
with

questions as {{ 'materialized' if is_incremental() else 'not materialized' }} (
    select asked.*
    from {{ ref('int_contact_questions_asked') }} as asked
    where coalesce(asked.part, {{ part }}) = {{ part }}
        and {{ cercle.is_unanswered('asked.identity') }}
),

digests as (
    select *
    from {{ ref('int_contact_facts_digested') }}
),

{% if is_incremental() -%}
identities as (
    select key as identity
    from {{ ref('int_contact_keys_reached') }}
    where kind = 'identity'
),

{% for name in ['sales', 'engagements', 'people'] -%}
reached_{{ name }} as materialized (
    select *
    from {{ world[name] }}
    where {{ cercle.is_among(['identity'], 'identities') }}
),

{% do world.update({name: 'reached_' ~ name}) -%}
{% endfor -%}
reached_links as materialized (
    {{ cercle.select_links(ref('int_contact_links_reached'), cercle.as_of()) }}
),

{% do world.update({'events': ref('int_contact_events_reached'), 'links': 'reached_links'}) -%}
{%- endif -%}
answers as (
    {{ cercle.decide_contacts('questions', world) }}
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
{%- endmacro %}
