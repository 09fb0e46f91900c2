-- M13. Reaction to campaigns: contacts that name one, the complaints among them, and when a backlash was flagged. A broadcast campaign leaves
-- no number in what people write, so contacts on networks are matched by time: the first three days on air against the mean of three days
-- in the 28 before.
with

reactions as (
    select
        campaign_id,
        count(*) as reaction_count,
        count(*) filter (where intent = 'complaint') as complaint_count,
        min(occurred_at) as first_reaction_at
    from marts.interactions
    where campaign_id is not null and direction = 'inbound' and kind <> 'reaction'
    group by campaign_id
),

flags as (
    select
        campaign_id,
        min(known_at) as flagged_at
    from marts.alerts
    where kind = 'campaign_backlash'
    group by campaign_id
),

voices as (
    select occurred_at
    from marts.interactions
    where channel = 'social' and is_public and direction = 'inbound' and kind <> 'reaction'
),

on_air as (
    select
        campaigns.campaign_id,
        count(voices.occurred_at) filter (where voices.occurred_at >= campaigns.starts_at) as voice_count,
        count(voices.occurred_at) filter (where voices.occurred_at < campaigns.starts_at) * 3 / 28.0 as baseline_count
    from marts.campaigns
    left join voices
        on campaigns.starts_at <= voices.occurred_at + interval '28 days'
        and campaigns.starts_at > voices.occurred_at - interval '3 days'
    where campaigns.kind = 'broadcast'
    group by campaigns.campaign_id
)

select
    campaigns.campaign_number,
    campaigns.name,
    campaigns.channel,
    campaigns.kind,
    coalesce(reactions.reaction_count, 0) as reaction_count,
    coalesce(reactions.complaint_count, 0) as complaint_count,
    reactions.first_reaction_at,
    flags.flagged_at,
    on_air.voice_count as first_days_voice_count,
    round(on_air.baseline_count, 2) as first_days_baseline_count
from marts.campaigns
left join reactions on campaigns.campaign_id = reactions.campaign_id
left join flags on campaigns.campaign_id = flags.campaign_id
left join on_air on campaigns.campaign_id = on_air.campaign_id
order by complaint_count desc, reaction_count desc, campaigns.campaign_number;
