-- Post-hook: fails the model, in the transaction that made it, when its new rows break one of its own tests `unique`, `not_null` or
-- `unique_combination`. Runs then leave these tests out (cercle.dbt_selection): a query inside the model costs a fraction of a test node.
-- A test with a condition (`where`) or of severity warn is left to dbt. The tests stay in the YAML, and `dbt test` runs them. An increment
-- by record (`meta: {is_by_record: true}`) is asked for the records that arrived: the keys of its tests hold the record's. Another increment
-- names its new rows by a condition (`meta: {new_rows: …}`), where no key of theirs can be one of a row that stood. What a unique index
-- holds is not asked twice; where rows were compared (compare_rows), those that came are asked whether they lack a key.
{% macro guard_keys() -%}
    {%- set sentences = [] -%}
    {%- set meta = config.get('meta') or {} -%}
    {%- set new_rows = cercle.is_arrived_record() if meta.get('is_by_record') else meta.get('new_rows', 'true') -%}
    {%- set is_compared = is_incremental() and config.get('incremental_strategy') == 'compared' -%}
    {%- set held_by_index = [] -%}
    {%- for index in config.get('indexes') or [] if index.get('unique') -%}
        {%- do held_by_index.append(index['columns'] | sort) -%}
    {%- endfor -%}
    {%- for test in cercle.list_key_tests() -%}
        {%- set columns = test.test_metadata.kwargs.get('columns') or [test.test_metadata.kwargs['column_name']] -%}
        {%- set duplicates = "select from " ~ this ~ " where " ~ new_rows ~ " group by " ~ columns | join(', ') ~ " having count(*) > 1" -%}
        {%- set nulls = "select from " ~ ('pg_temp.cercle_come' if is_compared else this) ~ " where " ~ new_rows ~ " and (" ~ columns | join(' is null or ') ~ " is null)" -%}
        {%- if test.test_metadata.name == 'unique' -%}
            {%- set duplicates = duplicates | replace(' group by', ' and ' ~ columns[0] ~ ' is not null group by') -%}
        {%- endif -%}
        {%- if test.test_metadata.name != 'not_null' and columns | sort not in held_by_index -%}
            {%- do sentences.append([duplicates, 'several rows share ' ~ columns | join(', ')]) -%}
        {%- endif -%}
        {%- if test.test_metadata.name != 'unique' -%}
            {%- do sentences.append([nulls, 'rows lack ' ~ columns | join(' or ')]) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if sentences -%}
    do $guard$
    begin
        {%- for violations, sentence in sentences %}
        if exists ({{ violations }}) then
            raise exception '{{ this.identifier }}: {{ sentence | replace("'", "''") }}';
        end if;
        {%- endfor %}
    end
    $guard$
    {%- endif -%}
{%- endmacro %}

-- Returns the tests of the model at hand (list of graph nodes) that guard_keys stands for.
{% macro list_key_tests() -%}
    {%- set tests = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'test' and node.attached_node == model.unique_id -%}
            {%- if node.test_metadata and node.test_metadata.name in ['unique', 'not_null', 'unique_combination']
                and not node.config.where and node.config.severity | lower == 'error' -%}
                {%- do tests.append(node) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(tests) }}
{%- endmacro %}
