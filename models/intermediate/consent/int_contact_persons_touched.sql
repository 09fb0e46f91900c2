{{ config(materialized='ephemeral') }}

-- Of whom, by what the builds before have made, a touched fact is: customers linked to an identity, on either side of a link that ended (a
-- stop made while two identities were linked stays on both); holders of a contact point; and whose answer has run out.
{% set links = cercle.find_standing('int_consent_identities_linked') -%}
with

identities as (
    select key
    from {{ ref('int_consent_facts_touched') }}
    where kind = 'identity'
),

contact_points as (
    select key
    from {{ ref('int_consent_facts_touched') }}
    where kind = 'contact_point'
),

{% if cercle.is_contactability_standing() -%}
linked as materialized (
    select distinct person_id as customer_id
    from {{ links }}
    where {{ cercle.is_among(['identity'], 'identities', ['key']) }}
),

ended as (
    select links.identity
    from {{ links }} as links
    inner join linked on links.person_id = linked.customer_id
    where links.valid_to < 'infinity'
),

touched as (
    select customer_id
    from linked

    union

    select person_id as customer_id
    from {{ links }}
    where {{ cercle.is_among(['identity'], 'ended') }}

    union

    select customer_id
    from {{ cercle.find_standing('int_contact_points_listed') }}
    where {{ cercle.is_among(['contact_point'], 'contact_points', ['key']) }}
    {%- for part in [1, 2] %}

    union

    select customer_id
    from {{ cercle.find_standing('int_contacts_decided_' ~ part) }}
    where decision_valid_until <= {{ cercle.as_of() }}

    union

    select customer_id
    from {{ cercle.find_standing('int_contacts_decided_' ~ part) }}
    where {{ cercle.is_all_changed(cercle.facts_of_contactability()) }}
    {%- endfor %}
)
{%- else -%}
touched as (
    select key as customer_id
    from identities
    where false
)
{%- endif %}

select * from touched
