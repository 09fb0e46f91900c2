-- Pre-hook of int_contacts_decided_*: deletes the answers of each touched customer of whom a fact is another one than when they were given,
-- or an answer of whom has run out. Who then has none is asked again: what is not known to be unchanged goes (fail closed). A null digest
-- is no other's equal.
{% macro forget_changed_answers() -%}
    {%- if is_incremental() -%}
    {#- By name: a unit test would have to give what it reads. The digests are made from it. #}
    {%- set touched = this.incorporate(path={'identifier': 'int_contact_keys_touched'}) -%}
    with

    standing as (
        select
            customer_id,
            facts_digest,
            max(decided_as_of) as decided_as_of,
            min(decision_valid_until) as valid_until
        from {{ this }}
        where {{ cercle.is_among(['customer_id'], touched, ['key']) }}
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

    delete from {{ this }}
    where {{ cercle.is_among(['customer_id'], 'outdated') }}
    {%- endif -%}
{%- endmacro %}
