{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='interaction_id',
    indexes=[{'columns': ['interaction_id'], 'unique': true}],
) }}

-- What a contact says, by stars, channel and the words of a lexicon, the same way for every channel. A complaint is one by word, by at most two
-- fifths of the stars, or by an authority; a request is a wish or to be called back; else a question mark makes a question; else praise is one by
-- word or by four fifths of the stars. What nothing marks is not known. The topic is the one with most words, ties by name. Thanks wait for no answer.
-- Read again when the load is new or the lexicon has changed. Words find their terms by a join on the first word: one pattern of all terms
-- costs four times as much.
with

interactions as (
    select * from {{ ref('int_interactions_unioned') }}
),

lexicon as (
    select
        language,
        kind,
        label,
        {{ cercle.fold_text('term') }} as folded_term,
        split_part({{ cercle.fold_text('term') }}, ' ', 2) as first_word
    from {{ ref('text_lexicon') }}
),

languages as (
    select
        array_agg(distinct language) as languages,
        'lexicon:' || left(
            md5(string_agg(concat_ws(':', language, kind, label, folded_term), '|' order by language, kind, label, folded_term)), 12
        ) as labelled_by
    from lexicon
),

unread as (
    select
        interactions.*,
        interactions.rating / nullif(interactions.rating_max, 0) as rating_share,
        languages.languages,
        languages.labelled_by
    from interactions
    cross join languages
    {%- if is_incremental() %}
    left join {{ this }} as found
        on interactions.interaction_id = found.interaction_id
        and languages.labelled_by = found.labelled_by
    where {{ cercle.is_new_load('interactions._load_id') }} or found.interaction_id is null
    {%- endif %}
),

-- Materialised: the text is folded once, not for every word that finds a term.
texts as materialized (
    select
        interaction_id,
        case when language = any(languages) then language end as known_language,
        {{ cercle.fold_text("concat_ws(' ', subject, body)") }} as folded_text
    from unread
    where subject is not null or body is not null
),

marks as (
    select
        texts.interaction_id,
        bool_or(lexicon.label = 'complaint') as is_complaint,
        bool_or(lexicon.label = 'request') as is_request,
        bool_or(lexicon.label = 'praise') as is_praise,
        bool_or(lexicon.label = 'thanks') as is_thanks,
        mode() within group (order by lexicon.label) filter (where lexicon.kind = 'topic') as text_topic
    from texts
    cross join lateral unnest(string_to_array(texts.folded_text, ' ')) as word
    inner join lexicon
        on word = lexicon.first_word
        and lexicon.language = coalesce(texts.known_language, lexicon.language)
        and strpos(texts.folded_text, lexicon.folded_term) > 0
    group by texts.interaction_id
),

found as (
    select
        unread.interaction_id,
        unread.labelled_by,
        case
            when unread.channel = 'authority' or unread.rating_share <= 0.4 or marks.is_complaint then 'complaint'
            when unread.kind = 'callback' or marks.is_request then 'request'
            when strpos(concat_ws(' ', unread.subject, unread.body), '?') > 0 then 'question'
            when unread.rating_share >= 0.8 or marks.is_praise then 'praise'
        end as intent,
        case
            when unread.rating_share is not null
                then case when unread.rating_share <= 0.4 then 'negative' when unread.rating_share >= 0.8 then 'positive' else 'neutral' end
            when marks.is_complaint then 'negative'
            when marks.is_praise or marks.is_thanks then 'positive'
        end as sentiment,
        marks.text_topic,
        coalesce(strpos(concat_ws(' ', unread.subject, unread.body), '?') > 0, false) as is_question,
        coalesce(marks.is_thanks, false) as is_thanks
    from unread
    left join marks on unread.interaction_id = marks.interaction_id
)

select * from found
