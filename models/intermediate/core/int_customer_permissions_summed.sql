-- A yes holds for at least one contact point of the channel; which one, contactability says. A customer without a row may not be
-- contacted.
with

decisions as (
    select * from {{ ref('int_contacts_decided') }}
),

summed as (
    select
        customer_id,
        bool_or(decision = 'ALLOW' and channel = 'email' and purpose = 'direct_marketing') as can_email_marketing,
        bool_or(decision = 'ALLOW' and channel = 'sms' and purpose = 'direct_marketing') as can_sms_marketing,
        bool_or(decision = 'ALLOW' and channel = 'phone_call' and purpose = 'direct_marketing') as can_call_marketing,
        bool_or(reason <> 'NO_BASIS') as is_consent_known,
        bool_and(decision = 'DENY') and bool_or(reason in ('OBJECTED', 'WITHDRAWN', 'REFUSED')) as is_do_not_disturb
    from decisions
    group by customer_id
)

select * from summed
