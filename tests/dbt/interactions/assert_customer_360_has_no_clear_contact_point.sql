-- Keys and masked forms only: no value of customer_identifiers stands in a masked column. Returns the customers where one does.
with

customers as (
    select * from {{ ref('customer_360') }}
),

identifiers as (
    select
        customer_id,
        identifier_value
    from {{ ref('customer_identifiers') }}
    where identifier_type in ('email', 'phone')
)

select customers.customer_id
from customers
inner join identifiers on customers.customer_id = identifiers.customer_id
where identifiers.identifier_value in (customers.email_masked, customers.phone_masked, customers.email_key, customers.phone_key)
    or strpos(customers.display_name, identifiers.identifier_value) > 0
