-- Returns minutes of the calendar's opening hours from `start` to `end` (numeric, exact), each a timestamptz expression. Both
-- ends are read on the same clock, int_calendar_openings: opening minutes passed since the calendar began. Null where an
-- argument is null, the calendar is unknown or an end lies outside the years that the calendar covers; negative when end < start.
{% macro business_minutes(start, end, calendar) -%}
    ({{ cercle.read_business_clock(end, calendar) }} - {{ cercle.read_business_clock(start, calendar) }})
{%- endmacro %}
