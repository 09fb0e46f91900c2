-- Returns SQL for a name that is the same whichever of its two parts was written first, with or without spaces in them.
-- An initial is no name: null, as for a missing part.
{% macro name_key(given_name, family_name) -%}
    case
        when length({{ given_name }}) > 1 and length({{ family_name }}) > 1
            then least(replace({{ given_name }}, ' ', ''), replace({{ family_name }}, ' ', ''))
                || '|' || greatest(replace({{ given_name }}, ' ', ''), replace({{ family_name }}, ' ', ''))
    end
{%- endmacro %}
