{{ config(meta={'key': 'jurisdiction', 'changes': {}}) }}

-- What holds for everybody: where a rule, a notice or a list is another one, all are asked again.
with

rules as (
    {%- for name in [
        'policy_rules', 'vocabularies', 'event_types', 'notice_coverage', 'notice_recipients', 'list_scrubs', 'list_scrub_entries',
        'contracts',
    ] %}
    select hashtextextended(each::text, 0) as digest
    from {{ source('privacy', name) }} as each

    union all

    {% endfor %}
    select hashtextextended(each::text, 0) as digest
    from {{ ref('contact_point_channels') }} as each

    union all

    select
        {{ cercle.digest_fact(
            ['notice_version_id', 'valid_from', 'valid_to', 'invalidated_from', 'known_from', 'known_to'],
            moments=['known_from', 'known_to', 'invalidated_from', 'invalidation_known_at']
        ) }} as digest
    from {{ ref('int_notices_resolved') }}
),

digested as (
    select
        '{{ var("cercle_jurisdiction") }}' as jurisdiction,
        '{{ var("cercle_controller") or "" }}' as controller,
        count(*) as rule_count,
        coalesce(sum(digest), 0) as digest
    from rules
)

select * from digested
