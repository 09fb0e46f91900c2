-- Builds a table, as `table` does, and from then on keeps it while what it is made from is the same: the model's SQL, the rows that it
-- reads, the build's moment where it asks for it. See digest_inputs and sign_table. `--full-refresh` makes it anew.
{% materialization kept, adapter='postgres' %}
    {%- if cercle.is_made_already(sql) -%}
        {{ return(cercle.keep_table()) }}
    {%- endif -%}
    {{ return(dbt.materialization_table_default()) }}
{% endmaterialization %}

-- Returns whether the table of the model at hand was made from what it would be made from now, and so may stay. What that is, sign_table
-- reads again.
{% macro is_made_already(sql) -%}
    {%- call statement('inputs', fetch_result=true) -%}
        select inputs.digest, inputs.digest = {{ cercle.read_signature(this, 'made from') }} as is_same
        from (select {{ cercle.digest_inputs(sql) }} as digest) as inputs
    {%- endcall -%}
    {%- set digest, is_same = load_result('inputs')['data'][0] -%}
    {%- do store_raw_result('made_from', digest) -%}
    {{ return(is_same is true and not should_full_refresh()) }}
{%- endmacro %}

-- Ends a materialization that leaves the model's table as it is. Returns what a materialization has to return.
{% macro keep_table() -%}
    {%- call noop_statement('main', 'KEPT') -%}{%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{%- endmacro %}
