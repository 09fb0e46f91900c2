-- Returns a query: the keys of a kind whose rows are others since the last published build. It tells nothing where is_all_changed().
{% macro list_changed_keys(kind, column='key') -%}
    select changed_keys.key as {{ column }}
    from ops.changed_keys
    where changed_keys.kind = '{{ kind }}' and changed_keys.build_id > (select published_build.build_id from ops.published_build)
{%- endmacro %}
