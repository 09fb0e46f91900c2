-- Returns SQL for the two initials of a name, in the order of the alphabet; null where a part is missing.
{% macro name_initials(given_name, family_name) -%}
    least(left({{ given_name }}, 1), left({{ family_name }}, 1)) || greatest(left({{ given_name }}, 1), left({{ family_name }}, 1))
    || case when {{ given_name }} is null or {{ family_name }} is null then null::text else '' end
{%- endmacro %}
