-- Returns SQL for a number (bigint) that is another one when a value of the row is, but for one chance in 2^64. `moments` are columns of
-- instants: on which side of as_of each lies is in it too. A null is a value like others.
{% macro digest_fact(columns, moments=[]) -%}
    hashtextextended(row(
        {{- columns | join(', ') -}}
        {%- for moment in moments %}, {{ moment }} < {{ cercle.as_of() }}, {{ moment }} <= {{ cercle.as_of() }}{% endfor -%}
    )::text, 0)
{%- endmacro %}
