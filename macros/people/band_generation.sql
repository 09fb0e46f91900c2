-- Returns the generation that the market studies cut by: 18-30, 31-50, 51+; below 18 is 0-17. Null gives null.
{% macro band_generation(age) -%}
    case
        when {{ age }} < 0 or {{ age }} > 120 then null
        when {{ age }} < 18 then '0-17'
        when {{ age }} <= 30 then '18-30'
        when {{ age }} <= 50 then '31-50'
        when {{ age }} > 50 then '51+'
    end
{%- endmacro %}
