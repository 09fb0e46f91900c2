-- Returns a form that shows a customer which contact point is meant and tells nobody else: d…@e….fr, +33…45. Null gives null.
{% macro mask_contact_point(type, value) -%}
    case {{ type }}
        when 'email' then left({{ value }}, 1) || '…@' || left(split_part({{ value }}, '@', 2), 1) || '….'
            || coalesce(substring({{ value }} from '\.([^.@]+)$'), '')
        when 'phone' then left({{ value }}, 3) || '…' || right({{ value }}, 2)
    end
{%- endmacro %}
