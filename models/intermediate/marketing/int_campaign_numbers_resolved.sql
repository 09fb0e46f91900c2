-- An event or an order names a campaign by its number alone. The number resolves where one source alone has it.
with

campaigns as (
    {{ cercle.union_inputs('campaigns') }}
),

resolved as (
    select
        campaign_id as campaign_number,
        min(source_name || ':' || campaign_id) as campaign_id
    from campaigns
    group by campaign_id
    having count(*) = 1
)

select * from resolved
