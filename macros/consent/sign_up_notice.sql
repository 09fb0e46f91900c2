-- Returns an expression: the notice (`field`: notice_id or notice_version) that people saw who signed up at a source, from the var
-- cercle_sign_up_notices, {source: {notice_id, notice_version}}. Null where none is named: a grant without a notice has no proof.
{% macro sign_up_notice(notices, field) -%}
    {%- if notices -%}
    case _source
        {%- for source, notice in notices.items() %}
        when '{{ source }}' then '{{ notice[field] }}'
        {%- endfor %}
    end
    {%- else -%}
    null::text
    {%- endif -%}
{%- endmacro %}
