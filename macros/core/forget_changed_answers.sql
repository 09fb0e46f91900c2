-- Pre-hook of int_contacts_decided: deletes the answers of each customer of whom a fact is another one than when they were given, or an answer
-- of whom has run out. Who then has none is asked again: what is not known to be unchanged goes (fail closed). A null digest is no other's equal.
{% macro forget_changed_answers() -%}
    {%- if is_incremental() -%}
    with

    standing as (
        select
            customer_id,
            facts_digest,
            max(decided_as_of) as decided_as_of,
            min(decision_valid_until) as valid_until
        from {{ this }}
        group by customer_id, facts_digest
    ),

    outdated as (
        select distinct standing.customer_id
        from standing
        left join {{ ref('int_contact_facts_digested') }} as digested
            on standing.customer_id = digested.customer_id
            and standing.facts_digest = digested.facts_digest
        where digested.customer_id is null
            or standing.decided_as_of > {{ cercle.as_of() }}
            or standing.valid_until <= {{ cercle.as_of() }}
    )

    delete from {{ this }} as answers
    using outdated
    where answers.customer_id = outdated.customer_id
    {%- endif -%}
{%- endmacro %}
