-- Returns a condition: the value is one of a project's list (of literals). Null where the list is empty: then nobody has said.
{% macro is_listed(value, listed) -%}
    {%- if listed -%}
    {{ value }} in (
        {%- for item in listed -%}
        '{{ item }}'{{ ", " if not loop.last }}
        {%- endfor -%}
    )
    {%- else -%}
    null::boolean
    {%- endif -%}
{%- endmacro %}
