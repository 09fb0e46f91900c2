-- Returns the part of an order's amount that an attribution model credits to one of its touches, rounded to hundredths so that the parts add up to
-- the amount. No touch (number and count 0) gets it whole. `model`: last_touch, first_touch, linear, position (two fifths to the first and the last).
{% macro credit_touch(model, amount, touch_number, touch_count) -%}
    {%- if model not in ['last_touch', 'first_touch', 'linear', 'position'] -%}
        {{ exceptions.raise_compiler_error("credit_touch: model must be one of last_touch, first_touch, linear, position; got '" ~ model ~ "'") }}
    {%- endif -%}
    trim_scale(
            {{ cercle.credit_until(model, amount, touch_number, touch_count) }}
            - {{ cercle.credit_until(model, amount, '(' ~ touch_number ~ ' - 1)', touch_count) }}
        )
{%- endmacro %}

-- Returns what the touches up to a number are credited with together.
{% macro credit_until(model, amount, touch_number, touch_count) -%}
    {%- set shares = {
        'last_touch': '0',
        'first_touch': '1',
        'linear': touch_number ~ '::numeric / nullif(' ~ touch_count ~ ', 0)',
        'position': 'case when ' ~ touch_count ~ ' = 2 then 0.5 else 0.4 + 0.2 * (' ~ touch_number ~ ' - 1) / nullif(' ~ touch_count ~ ' - 2, 0) end',
    } -%}
    case
            when {{ touch_number }} >= {{ touch_count }} then {{ amount }}
            when {{ touch_number }} < 1 then 0
            else round({{ amount }} * {{ shares[model] }}, 2)
        end
{%- endmacro %}
