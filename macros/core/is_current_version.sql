-- Returns a boolean expression: this row is the current version of its key. The current version has the greatest value of the
-- version column, ties by content hash: never the last loaded, so the order of files does not matter. Nulls in the version come last.
{% macro is_current_version(key_columns, version_column=none) -%}
    row_number() over (
        partition by _source, {{ key_columns | join(', ') }}
        order by {% if version_column %}{{ version_column }} desc nulls last, {% endif %}_row_hash desc, _row_id
    ) = 1
{%- endmacro %}
