-- can_: for anything that the company advertises; what a sale allows for its own family alone stands in contactability. A yes holds for
-- at least one contact point of the channel. A customer without a row may not be contacted.
with

decisions as (
    select
        *,
        purpose = 'direct_marketing' and product_family = '' as is_for_anything
    from {{ ref('int_contacts_decided') }}
),

summed as (
    select
        customer_id,
        bool_or(decision = 'ALLOW' and channel = 'email' and is_for_anything) as can_email_marketing,
        bool_or(decision = 'ALLOW' and channel = 'sms' and is_for_anything) as can_sms_marketing,
        bool_or(decision = 'ALLOW' and channel = 'phone_call' and is_for_anything) as can_call_marketing,
        bool_or(reason <> 'NO_BASIS') as is_consent_known,
        bool_and(decision = 'DENY') and bool_or(reason in ('OBJECTED', 'WITHDRAWN', 'REFUSED')) as is_do_not_disturb
    from decisions
    group by customer_id
)

select * from summed
