-- Returns a query: one row per scope and person_key of `people`, with the person of that scope that it stands for.
-- `people`: (scope, person_key, given_name, family_name, birth_date, is_known_given_name, record_count), one row per spelling.
--
-- A scope is what may join people wrongly: a value, a cluster. In each, spellings are taken from the fullest to the barest; one
-- that differs from all before it leads a new person, and so does one that differs from all these. Any other stands for the one leader that it does not differ
-- from; where there are several, leader_key is null. leader_key is strict where `is_strict` (see people_differ); people_count counts broadly, but strictly
-- where the condition `counted_strictly` on `later` (the later spelling) holds. A scope with more than `most_spellings` is not compared: people_count is then their number.
{% macro group_people(people, is_strict, counted_strictly='false', most_spellings=40) -%}
{%- set difference = 'is_strictly_different' if is_strict else 'is_broadly_different' -%}
with

ranked as (
    select
        *,
        row_number() over (
            partition by scope
            order by
                coalesce(length(given_name), 0) > 1 desc,
                birth_date is null,
                family_name is null,
                is_known_given_name desc,
                record_count desc,
                person_key
        ) as position,
        count(*) over (partition by scope) as spelling_count
    from {{ people }}
    where given_name is not null or family_name is not null or birth_date is not null
),

compared as (
    select
        later.scope,
        later.person_key,
        earlier.person_key as earlier_person_key,
        {{ cercle.people_differ('earlier', 'later') }} as is_broadly_different,
        {{ cercle.people_differ('earlier', 'later', is_strict=true) }} as is_strictly_different,
        {{ counted_strictly }} as is_counted_strictly
    from ranked as later
    inner join ranked as earlier on later.scope = earlier.scope and later.position > earlier.position
    where later.spelling_count between 2 and {{ most_spellings }}
),

leaders as (
    select
        ranked.scope,
        ranked.person_key
    from ranked
    left join compared on ranked.scope = compared.scope and ranked.person_key = compared.person_key
    group by ranked.scope, ranked.person_key
    having bool_and(coalesce(compared.{{ difference }}, true))
),

followed as (
    select
        compared.scope,
        compared.person_key,
        min(compared.earlier_person_key) filter (where not compared.{{ difference }}) as leader_key,
        count(*) filter (where not compared.{{ difference }}) as leader_count,
        bool_and(
            case when compared.is_counted_strictly then compared.is_strictly_different else compared.is_broadly_different end
        ) as is_counted
    from compared
    inner join leaders on compared.scope = leaders.scope and compared.earlier_person_key = leaders.person_key
    group by compared.scope, compared.person_key
),

led as (
    select
        ranked.scope,
        ranked.person_key,
        ranked.spelling_count,
        coalesce(followed.leader_count, 0) = 0 as is_leader,
        coalesce(followed.is_counted, true) as is_counted,
        case coalesce(followed.leader_count, 0)
            when 0 then ranked.person_key
            when 1 then followed.leader_key
        end as leader_key
    from ranked
    left join followed on ranked.scope = followed.scope and ranked.person_key = followed.person_key
),

counted as (
    select
        scope,
        case
            when max(spelling_count) > {{ most_spellings }} then max(spelling_count)
            else count(*) filter (where is_counted)
        end as people_count
    from led
    group by scope
)

select
    led.scope,
    led.person_key,
    led.is_leader,
    led.leader_key,
    counted.people_count
from led
inner join counted on led.scope = counted.scope
{%- endmacro %}
