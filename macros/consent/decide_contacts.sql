-- Returns a query: one row per question, with decision, reason, basis, rule, evidence and decision_valid_until. `questions` and the
-- relations of `world` are described in docs/consent.md. No row, no basis, an unknown code or a null where a value is needed: DENY.
{% macro decide_contacts(questions, world) -%}
{%- set needed = [
    'events', 'links', 'notices', 'notice_coverage', 'notice_recipients', 'sales', 'engagements', 'people', 'contracts', 'scrubs',
    'scrub_entries', 'calls', 'holidays', 'policies',
] -%}
{%- set missing = needed | reject('in', world) | list -%}
{%- if missing %}{{ exceptions.raise_compiler_error("decide_contacts: world lacks " ~ missing | join(', ')) }}{% endif -%}
with recursive

{{ cercle.decide_contacts_questions(questions, world) }},

{{ cercle.decide_contacts_persons(world) }},

{{ cercle.decide_contacts_stops(world) }},

{{ cercle.decide_contacts_grants(world) }},

{{ cercle.decide_contacts_liftings(world) }},

{{ cercle.decide_contacts_bases(world) }},

{{ cercle.decide_contacts_telephone(world) }},

{{ cercle.decide_contacts_answers() }}

select * from answered
{%- endmacro %}
