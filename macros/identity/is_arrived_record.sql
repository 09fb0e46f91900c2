-- Returns a condition for incremental models: a version of the record in `column` came with a new load. True for every record where
-- the model is made anew. The model must be `delete+insert` by record, and a record that it had once must never lose its last row.
{% macro is_arrived_record(column='record_key') -%}
    {%- set arrived = ref('int_records_arrived') -%}
    {%- if is_incremental() -%}
        {{ column }} in (select arrived.record_key from {{ arrived }} as arrived)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
