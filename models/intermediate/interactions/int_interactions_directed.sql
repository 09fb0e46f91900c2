-- The person at the other end (party_key) keeps apart what many people write below one post: a thread is one person's.
-- What goes to nobody in particular (bulk mail, a brand's post) and a mere reaction belong to no conversation.
with

interactions as (
    select * from {{ ref('int_interactions_unioned') }}
),

brand_accounts as (
    select * from {{ ref('int_brand_accounts_listed') }}
),

venue_controls as (
    select * from {{ ref('venue_control') }}
),

sided as (
    select
        interactions.interaction_id,
        interactions.parent_key,
        interactions.author_ref,
        coalesce(author_accounts.account_ref, recipient_accounts.account_ref) as brand_account_id,
        case when recipient_accounts.account_ref is null then interactions.recipient_ref end as recipient_ref,
        coalesce(
            interactions.direction,
            case when author_accounts.account_ref is not null then 'outbound' else 'inbound' end
        ) as direction,
        interactions.direction is not null or author_accounts.account_ref is null as is_direction_stated
    from interactions
    left join brand_accounts as author_accounts on interactions.author_ref = author_accounts.account_ref
    left join brand_accounts as recipient_accounts on interactions.recipient_ref = recipient_accounts.account_ref
),

directed as (
    select
        sided.interaction_id,
        sided.direction,
        sided.is_direction_stated,
        coalesce(
            sided.brand_account_id, case when parents.direction = 'outbound' then parents.brand_account_id end
        ) as brand_account_id,
        case
            when sided.direction = 'inbound' then sided.author_ref
            else coalesce(sided.recipient_ref, case when parents.direction = 'inbound' then parents.author_ref end)
        end as party_ref
    from sided
    left join sided as parents on sided.parent_key = parents.interaction_id
),

controlled as (
    select distinct on (interactions.interaction_id)
        interactions.interaction_id,
        coalesce(interactions.venue_control, venue_controls.venue_control) as venue_control
    from interactions
    left join venue_controls
        on interactions.platform = venue_controls.platform
        and interactions.kind = coalesce(venue_controls.kind, interactions.kind)
        and interactions.venue is not distinct from coalesce(venue_controls.venue, interactions.venue)
    order by
        interactions.interaction_id,
        venue_controls.venue is not null desc,
        venue_controls.kind is not null desc,
        venue_controls.venue_control
),

described as (
    select
        interactions.interaction_id,
        interactions.source_name,
        directed.brand_account_id,
        directed.party_ref,
        coalesce(interactions.party_key, md5(directed.party_ref)) as party_key,
        interactions.channel,
        interactions.kind,
        directed.direction,
        directed.is_direction_stated,
        controlled.venue_control,
        interactions.channel = 'social' and interactions.kind <> 'direct_message' as is_public,
        interactions.kind <> 'reaction'
        and not interactions.is_bulk
        and not (interactions.channel = 'social' and directed.direction = 'outbound' and directed.party_ref is null)
            as is_conversational,
        interactions.is_automatic,
        interactions.occurred_at
    from interactions
    inner join directed on interactions.interaction_id = directed.interaction_id
    inner join controlled on interactions.interaction_id = controlled.interaction_id
)

select * from described
