with

edges as (
    select
        record_key,
        identifier_type,
        node_key
    from {{ ref('int_edges_judged') }}
    where node_key is not null
),

identifier_types as (
    select *
    from {{ ref('identity_identifier_types') }}
),

observed as (
    select *
    from {{ ref('int_identifiers_observed') }}
),

placed as (
    select
        edges.record_key,
        edges.node_key
    from edges
    inner join identifier_types on edges.identifier_type = identifier_types.identifier_type
    where identifier_types.yields_to_contacts
),

contact_nodes as (
    select
        record_key,
        array_agg(node_key order by node_key) as node_keys
    from edges
    where identifier_type in ('email', 'phone') and record_key in (select placed.record_key from placed)
    group by record_key
),

mailboxes as (
    select
        record_key,
        array_agg(identifier_value order by identifier_value) as addresses
    from observed
    where identifier_type = 'email' and record_key in (select placed.record_key from placed)
    group by record_key
),

-- The different ways to reach whoever stands behind a name with a place; orders of one mailbox count once.
reached as (
    select
        *,
        row_number() over (partition by node_key order by addresses, node_keys) as position,
        count(*) over (partition by node_key) as way_count
    from (
        select distinct
            placed.node_key,
            mailboxes.addresses,
            contact_nodes.node_keys
        from placed
        inner join mailboxes on placed.record_key = mailboxes.record_key
        left join contact_nodes on placed.record_key = contact_nodes.record_key
    ) as ways
),

-- Two mailboxes that are not one with a slip of the pen, and no number in common either: father and son of one name, or
-- two strangers of one town, as likely as not.
contradicted as (
    select distinct lefts.node_key
    from reached as lefts
    inner join reached as rights on lefts.node_key = rights.node_key and lefts.position < rights.position
    where
        lefts.way_count <= 20
        and (lefts.node_keys && rights.node_keys) is not true
        and not exists (
            select 1
            from unnest(lefts.addresses) as left_addresses (address)
            cross join unnest(rights.addresses) as right_addresses (address)
            where identity.is_near(left_addresses.address, right_addresses.address)
        )
)

select * from contradicted
