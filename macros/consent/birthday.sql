-- Returns SQL for the first instant of a birthday in a time zone; who was born on 29 February has it on 1 March of other years. Null gives null.
{% macro birthday(birth_date, age, time_zone) -%}
(
    case
        when extract(month from {{ birth_date }}) = 2 and extract(day from {{ birth_date }}) = 29
            then ({{ birth_date }} - 1 + make_interval(years => {{ age }}) + interval '1 day')
        else ({{ birth_date }} + make_interval(years => {{ age }}))
    end
) at time zone {{ time_zone }}
{%- endmacro %}
