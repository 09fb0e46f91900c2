-- Returns the age band of an age in years. Null gives null: unknown stays unknown. Ages that cannot be are unknown too.
{% macro band_age(age) -%}
    case
        when {{ age }} < 0 or {{ age }} > 120 then null
        when {{ age }} < 15 then '0-14'
        when {{ age }} < 25 then '15-24'
        when {{ age }} < 35 then '25-34'
        when {{ age }} < 50 then '35-49'
        when {{ age }} < 65 then '50-64'
        when {{ age }} >= 65 then '65+'
    end
{%- endmacro %}
