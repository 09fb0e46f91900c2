-- Runs SQL statements one after the other, in one call on the model's own connection. Returns nothing.
{% macro run_steps(statements) -%}
    {%- do run_query(statements | join(';\n')) -%}
{%- endmacro %}

-- Runs SQL statements as run_steps does. Returns how many rows a table, or `table where condition`, has then: an integer.
{% macro run_steps_and_count(statements, counted) -%}
    {{ return(run_query((statements + ['select count(*) from ' ~ counted]) | join(';\n')).columns[0].values()[0] | int) }}
{%- endmacro %}
