-- Business minutes that can be counted in the head, on the calendars of the seeds. Times are UTC: Paris is one hour ahead in winter, two
-- in summer; the clock changes on 2026-03-29 and 2026-10-25. Returns the answers that differ.
with

cases (story, calendar, starts_at, ends_at, expected_minutes) as (
    values
    ('inside one office day, 10:00 to 11:30', 'office', '2026-01-14 09:00+00'::timestamptz, '2026-01-14 10:30+00'::timestamptz, 90),
    ('before opening, 07:00, to 09:20', 'office', '2026-01-14 06:00+00', '2026-01-14 08:20+00', 20),
    ('after closing, 19:00, to 09:15 next day', 'office', '2026-01-14 18:00+00', '2026-01-15 08:15+00', 15),
    ('Friday 17:00 to Monday 10:00 over the spring change', 'office', '2026-03-27 16:00+00', '2026-03-30 08:00+00', 120),
    ('Friday 17:00 to Monday 10:00 over the autumn change', 'office', '2026-10-23 15:00+00', '2026-10-26 09:00+00', 120),
    ('Saturday 23:00 to Sunday 07:00, spring night', 'extended', '2026-03-28 22:00+00', '2026-03-29 05:00+00', 120),
    ('Saturday 23:00 to Sunday 07:00, autumn night', 'extended', '2026-10-24 21:00+00', '2026-10-25 06:00+00', 120),
    ('the whole spring Sunday, 18 hours open', 'extended', '2026-03-28 23:00+00', '2026-03-29 22:00+00', 1080),
    ('the whole autumn Sunday, 18 hours open', 'extended', '2026-10-24 22:00+00', '2026-10-25 23:00+00', 1080),
    ('Bastille Day is closed', 'office', '2026-07-13 15:00+00', '2026-07-15 08:00+00', 120),
    ('and open on the extended calendar', 'extended', '2026-07-14 10:00+00', '2026-07-14 11:00+00', 60),
    ('turn of the year, 31 December 17:30 to 2 January 09:30', 'office', '2025-12-31 16:30+00', '2026-01-02 08:30+00', 60),
    ('Easter Monday is closed', 'office', '2026-04-06 08:00+00', '2026-04-06 16:00+00', 0),
    ('a Sunday', 'office', '2026-01-18 08:00+00', '2026-01-18 16:00+00', 0),
    ('the other way round', 'office', '2026-01-14 10:30+00', '2026-01-14 09:00+00', -90),
    ('no end yet', 'office', '2026-01-14 10:30+00', null, null),
    ('before the years of the calendar', 'office', '2001-01-01 10:00+00', '2026-01-14 09:00+00', null),
    ('after them', 'office', '2026-01-14 09:00+00', '2101-01-01 10:00+00', null),
    ('a calendar that nobody has', 'moon', '2026-01-14 09:00+00', '2026-01-14 10:00+00', null)
),

counted as (
    select
        *,
        {{ cercle.business_minutes('starts_at', 'ends_at', 'cases.calendar') }} as business_minutes
    from cases
)

select *
from counted
where business_minutes is distinct from expected_minutes
