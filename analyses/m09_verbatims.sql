-- M9. The text of every channel is read in the same way: per channel the contacts of people, those that come with a text, and the share of
-- these texts whose language, topic (coded by an agent, else read), intent and sentiment are known. What nothing tells stays null.
with

contacts as (
    select
        channel,
        language,
        topic,
        coalesce(topic, text_topic) as known_topic,
        intent,
        sentiment,
        subject is not null or body is not null as has_text
    from marts.interactions
    where direction = 'inbound' and not is_automatic and kind <> 'reaction'
)

select
    channel,
    count(*) as contact_count,
    count(*) filter (where has_text) as text_count,
    count(topic) as topic_count,
    round(100.0 * count(language) filter (where has_text) / nullif(count(*) filter (where has_text), 0), 1) as language_percent,
    round(100.0 * count(known_topic) filter (where has_text) / nullif(count(*) filter (where has_text), 0), 1) as topic_percent,
    round(100.0 * count(intent) filter (where has_text) / nullif(count(*) filter (where has_text), 0), 1) as intent_percent,
    round(100.0 * count(sentiment) filter (where has_text) / nullif(count(*) filter (where has_text), 0), 1) as sentiment_percent
from contacts
group by channel
order by contact_count desc;
