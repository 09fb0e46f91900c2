-- Returns SQL for the id that is named after a member: 'c_', 'v_' or 'h_' and 20 hexadecimal digits. Null gives null.
-- Deterministic: two clean builds of the same rows mint the same ids.
{% macro mint_id(kind, minted_from, generation) -%}
    '{{ cercle.id_kinds()[kind] }}_' || left(md5('{{ kind }}:' || {{ minted_from }} || ':' || {{ generation }}), 20)
{%- endmacro %}
