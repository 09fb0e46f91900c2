-- Returns the kinds of thing that have stable ids, each with the letter that its ids begin with.
{% macro id_kinds() -%}
    {{ return({'customer': 'c', 'conversation': 'v', 'household': 'h'}) }}
{%- endmacro %}

-- Stops the compilation when `kind` is none of them.
{% macro check_id_kind(macro_name, kind) -%}
    {%- if kind not in cercle.id_kinds() -%}
        {{ exceptions.raise_compiler_error(macro_name ~ ": kind must be one of " ~ cercle.id_kinds().keys() | sort | join(', ') ~ "; got '" ~ kind ~ "'") }}
    {%- endif -%}
{%- endmacro %}
