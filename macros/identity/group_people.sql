-- Returns a query: one row per scope and person_key of `people`, with the person of that scope that it stands for.
-- `people`: (scope, person_key, given_name, family_name, birth_date, is_known_given_name, record_count), one row per spelling.
--
-- A scope is what may join people wrongly: a value, a cluster. In each, spellings are taken from the fullest to the barest; one
-- that differs from all before it leads a new person. Any other stands for the one leader that it does not differ from; where there
-- are several, leader_key is null. leader_key is strict where `is_strict` (see people_differ); people_count counts broadly, but strictly
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

differences as (
    select
        scope,
        person_key,
        bool_and(case when is_counted_strictly then is_strictly_different else is_broadly_different end) as counts_beside_all,
        bool_and({{ difference }}) as differs_from_all
    from compared
    group by scope, person_key
),

led as (
    select
        ranked.scope,
        ranked.person_key,
        ranked.spelling_count,
        coalesce(differences.counts_beside_all, true) as is_counted,
        coalesce(differences.differs_from_all, true) as is_leader
    from ranked
    left join differences on ranked.scope = differences.scope and ranked.person_key = differences.person_key
),

followed as (
    select
        compared.scope,
        compared.person_key,
        min(compared.earlier_person_key) as leader_key
    from compared
    inner join led as leaders
        on compared.scope = leaders.scope and compared.earlier_person_key = leaders.person_key
    where leaders.is_leader and not compared.{{ difference }}
    group by compared.scope, compared.person_key
    having count(*) = 1
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
    case when led.is_leader then led.person_key else followed.leader_key end as leader_key,
    counted.people_count
from led
inner join counted on led.scope = counted.scope
left join followed on led.scope = followed.scope and led.person_key = followed.person_key
{%- endmacro %}
