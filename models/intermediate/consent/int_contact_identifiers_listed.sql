{{ config(meta={'key': ['identifier_type', 'identifier_value'], 'changes': {'identifier': ['identifier_key']}}) }}

-- Values by which somebody can be reached, whoever else uses them.
with

guarded as (
    select
        identifier_type,
        identifier_value,
        identifier_key
    from {{ ref('int_identifiers_guarded') }}
    where identifier_type in ('email', 'phone', 'account_ref') and sharing in ('own', 'shared', 'crowded')
)

select * from guarded
