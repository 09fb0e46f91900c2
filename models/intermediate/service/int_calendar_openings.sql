{{ config(indexes=[{'columns': ['calendar', 'opens_at'], 'unique': true}]) }}

-- The clock of each calendar. Local hours become instants, so the two days of daylight saving have their true length. A closed
-- day has no row: the slot of the opening before runs over it. The first slot of a calendar begins with its first covered day.
with

calendars as (
    select * from {{ ref('calendars') }}
),

calendar_hours as (
    select * from {{ ref('calendar_hours') }}
),

public_holidays as (
    select * from {{ ref('public_holidays') }}
),

covered_years as (
    select
        date_trunc('year', min(holiday_date)) as first_day,
        date_trunc('year', max(holiday_date)) + interval '1 year' as end_day
    from public_holidays
),

days as (
    select
        day::date as day_date,
        covered_years.first_day,
        covered_years.end_day
    from covered_years
    cross join generate_series(covered_years.first_day, covered_years.end_day - interval '1 day', interval '1 day') as day
),

openings as (
    select
        calendars.calendar,
        (days.day_date + calendar_hours.opens_at) at time zone calendars.time_zone as opens_at,
        (days.day_date + calendar_hours.closes_at) at time zone calendars.time_zone as closes_at,
        days.end_day::timestamp at time zone calendars.time_zone as calendar_ends_at
    from calendars
    inner join calendar_hours on calendars.calendar = calendar_hours.calendar
    inner join days on calendar_hours.iso_weekday = extract(isodow from days.day_date)
    left join public_holidays
        on calendars.holiday_country_code = public_holidays.country_code
        and days.day_date = public_holidays.holiday_date
    where public_holidays.holiday_date is null
),

-- An opening of no length, so that the time before the first real one is read as 0 and not as unknown.
starts as (
    select
        calendars.calendar,
        covered_years.first_day::timestamp at time zone calendars.time_zone as opens_at,
        covered_years.first_day::timestamp at time zone calendars.time_zone as closes_at,
        covered_years.end_day::timestamp at time zone calendars.time_zone as calendar_ends_at
    from calendars
    cross join covered_years
),

slots as (
    select * from openings
    union all
    select starts.*
    from starts
    left join openings on starts.calendar = openings.calendar and starts.opens_at = openings.opens_at
    where openings.calendar is null
),

clocked as (
    select
        calendar,
        opens_at,
        closes_at,
        lead(opens_at, 1, calendar_ends_at) over in_calendar as slot_ends_at,
        sum(extract(epoch from closes_at - opens_at) / 60) over in_calendar
        - extract(epoch from closes_at - opens_at) / 60 as minutes_before
    from slots
    window in_calendar as (partition by calendar order by opens_at)
)

select * from clocked
