-- Returns the opening minutes that had passed on the calendar at an instant. Null outside of the calendar's years.
-- A slot runs from one opening to the next; closing time stops the clock, the next slot starts it again.
{% macro read_business_clock(instant, calendar) -%}
    (
        select
            case
                when {{ instant }} < slot.slot_ends_at
                    then slot.minutes_before + extract(epoch from least({{ instant }}, slot.closes_at) - slot.opens_at) / 60
            end
        from {{ ref('int_calendar_openings') }} as slot
        where slot.calendar = {{ calendar }}
            and slot.opens_at <= {{ instant }}
        order by slot.opens_at desc
        limit 1
    )
{%- endmacro %}
