with

record_customers as (
    select *
    from {{ ref('int_record_customers') }}
),

identity_records as (
    select *
    from {{ ref('int_identity_records') }}
),

edges_judged as (
    select *
    from {{ ref('int_edges_judged') }}
),

-- Register entries alone: an order that is sent to a friend makes no home.
homes as (
    select distinct
        record_customers.customer_id,
        'same_address_and_family_name' as evidence,
        concat_ws('|', identity_records.postcode, identity_records.postal_address, identity_records.family_name) as shared_value
    from identity_records
    inner join record_customers on identity_records.record_key = record_customers.record_key
    where
        identity_records.is_profile
        and identity_records.postcode is not null
        and identity_records.postal_address is not null
        and identity_records.family_name is not null
),

mailboxes as (
    select distinct
        record_customers.customer_id,
        'shared_mailbox' as evidence,
        edges_judged.identifier_key as shared_value
    from edges_judged
    inner join record_customers on edges_judged.record_key = record_customers.record_key
    where
        edges_judged.identifier_type = 'email'
        and edges_judged.sharing = 'shared'
        and edges_judged.node_key is not null
        and not edges_judged.is_role_mailbox
),

evidence as (
    select * from homes
    union all
    select * from mailboxes
),

counted as (
    select
        customer_id,
        evidence,
        evidence || ':' || shared_value as home_key,
        count(*) over (partition by evidence, shared_value) as customer_count
    from evidence
),

-- A value of one customer links nobody; one of very many is a residence or an office, not a home.
links as (
    select *
    from counted
    where customer_count between 2 and 8
)

select * from links
