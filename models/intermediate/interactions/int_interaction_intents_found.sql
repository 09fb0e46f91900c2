{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='interaction_id',
    indexes=[{'columns': ['interaction_id'], 'unique': true}],
) }}

-- The one rule of now: a complaint says so by a word of the lexicon, by at most two fifths of the possible stars, or by coming
-- through an authority; a request is one to be called back. Anything else is not known, which is not the same as no complaint.
-- Thanks are marked because they wait for no answer. Read again when the load is new or the lexicon has changed. Words find
-- their terms by a join on the first word: one pattern of all terms costs four times as much.
with

interactions as (
    select * from {{ ref('int_interactions_unioned') }}
),

lexicon as (
    select
        language,
        intent,
        {{ cercle.fold_text('term') }} as folded_term,
        split_part({{ cercle.fold_text('term') }}, ' ', 2) as first_word
    from {{ ref('intent_lexicon') }}
),

languages as (
    select
        array_agg(distinct language) as languages,
        md5(string_agg(concat_ws(':', language, intent, folded_term), '|' order by language, intent, folded_term)) as lexicon_version
    from lexicon
),

unread as (
    select
        interactions.*,
        languages.languages,
        languages.lexicon_version
    from interactions
    cross join languages
    {%- if is_incremental() %}
    left join {{ this }} as found
        on interactions.interaction_id = found.interaction_id
        and languages.lexicon_version = found.lexicon_version
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

words as (
    select
        texts.interaction_id,
        texts.known_language,
        texts.folded_text,
        word
    from texts
    cross join lateral unnest(string_to_array(texts.folded_text, ' ')) as word
),

marks as (
    select
        words.interaction_id,
        bool_or(lexicon.intent = 'complaint') as is_complaint,
        bool_or(lexicon.intent = 'thanks') as is_thanks
    from words
    inner join lexicon
        on words.word = lexicon.first_word
        and lexicon.language = coalesce(words.known_language, lexicon.language)
        and strpos(words.folded_text, lexicon.folded_term) > 0
    group by words.interaction_id
),

found as (
    select
        unread.interaction_id,
        unread.lexicon_version,
        case
            when unread.channel = 'authority' then 'complaint'
            when unread.rating <= 0.4 * unread.rating_max then 'complaint'
            when marks.is_complaint then 'complaint'
            when unread.kind = 'callback' then 'request'
        end as intent,
        coalesce(strpos(concat_ws(' ', unread.subject, unread.body), '?') > 0, false) as is_question,
        coalesce(marks.is_thanks, false) as is_thanks
    from unread
    left join marks on unread.interaction_id = marks.interaction_id
)

select * from found
