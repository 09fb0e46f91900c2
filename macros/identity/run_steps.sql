-- Runs SQL statements one after the other on the model's own connection. Returns nothing.
{% macro run_steps(statements) -%}
    {%- for statement in statements -%}
        {%- do run_query(statement) -%}
    {%- endfor -%}
{%- endmacro %}

-- Returns the number of rows of a table, or of `table where condition`, as an integer.
{% macro count_rows(relation) -%}
    {{ return(run_query('select count(*) from ' ~ relation).columns[0].values()[0] | int) }}
{%- endmacro %}
