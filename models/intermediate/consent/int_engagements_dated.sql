{{ config(
    indexes=[{'columns': ['identity']}],
    meta={'key': 'record_key', 'changes': {'customer': ['identity']}}
) }}

-- What comes from the person, over all channels. An open of an e-mail is none, nor is a reaction or a machine's answer.
with

interactions as (
    select *
    from {{ ref('int_interactions_directed') }}
    where direction = 'inbound' and not coalesce(is_automatic, false) and kind <> 'reaction'
),

orders as (
    {{ cercle.union_inputs('orders', where="status = 'completed'") }}
),

clicks as (
    {{ cercle.union_inputs('campaign_events', where="kind = 'click'") }}
),

record_customers as (
    select *
    from {{ ref('int_record_customers') }}
),

engagements as (
    select
        interaction_id as record_key,
        case channel
            when 'phone' then 'inbound_call'
            when 'store' then 'store_visit_identified'
            when 'web_form' then 'form_submit'
            else 'inbound_message'
        end as kind,
        occurred_at
    from interactions

    union all

    select
        record_key,
        'purchase' as kind,
        ordered_at as occurred_at
    from orders

    union all

    select
        record_key,
        'click' as kind,
        occurred_at
    from clicks
),

dated as (
    select
        'main' as ledger,
        engagements.record_key,
        record_customers.customer_id as identity,
        engagements.kind,
        engagements.occurred_at,
        engagements.occurred_at as known_from
    from engagements
    inner join record_customers on engagements.record_key = record_customers.record_key
)

select * from dated
