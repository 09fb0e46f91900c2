-- Pre-hook of int_contacts_decided: deletes the answers of each customer of whom a fact is another one than when they were given, or an answer
-- of whom has run out. Who then has none is asked again: what is not known to be unchanged goes (fail closed).
{% macro forget_changed_answers() -%}
    {%- if is_incremental() -%}
    delete from {{ this }} as answers
    where not exists (
        select
        from {{ ref('int_contact_facts_digested') }} as digested
        where digested.customer_id = answers.customer_id and digested.facts_digest = answers.facts_digest
    )
        or answers.customer_id in (
            select lapsed.customer_id
            from {{ this }} as lapsed
            where lapsed.decision_valid_until <= {{ cercle.as_of() }} or lapsed.decided_as_of > {{ cercle.as_of() }}
        )
    {%- endif -%}
{%- endmacro %}
