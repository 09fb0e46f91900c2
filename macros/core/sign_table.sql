-- Post-hook: signs a table with what it was made from and what it holds, in the transaction that makes it. The signature is a comment: it
-- goes where the table goes, and a build that was killed leaves no table with another's.
--
-- What is made from the same holds the same, so a kept table holds what it was made from; with `meta: {is_signed_by_rows: true}` it is
-- read to see whether it holds what it held before, and what is made from it may then stay; a table whose rows were compared (compare_rows) knows it. Rows by record are those of before where no
-- record arrived, those of another incremental model where this transaction wrote none; else they hold what no table ever held.
{% macro sign_table() -%}
    {%- set inputs = load_result('made_from') -%}
    {%- set meta = config.get('meta') or {} -%}
    {%- if inputs -%}
        {%- set made_from = inputs['response'] | string -%}
        {%- if meta.get('is_signed_by_rows') -%}
            {%- set holds = cercle.digest_rows(this) -%}
        {%- elif meta.get('changes') is not none -%}
            {%- set holds = "case when " ~ cercle.is_written_now(this) ~ " then '" ~ made_from ~ "' else coalesce(" ~ cercle.read_signature(this, 'holds') ~ ", '" ~ made_from ~ "') end" -%}
        {%- else -%}
            {%- set holds = "'" ~ made_from ~ "'" -%}
        {%- endif -%}
        {{ cercle.write_signature(made_from, holds) }}
    {%- elif config.get('materialized') == 'incremental' and not meta.get('is_by_record') -%}
        {{ cercle.write_signature('rows', 'gen_random_uuid()', cercle.read_signature(this, 'holds') ~ " is null or " ~ cercle.is_written_now(this)) }}
    {%- elif meta.get('is_by_record') -%}
        {{ cercle.write_signature('records', 'gen_random_uuid()', cercle.read_signature(this, 'holds') ~ " is null or exists (select from " ~ ref('int_records_arrived') ~ ")") }}
    {%- endif -%}
{%- endmacro %}

-- Returns a statement that signs the model's table. `holds` and `condition` are SQL.
{% macro write_signature(made_from, holds, condition='true') -%}
    do $sign$
    begin
        if {{ condition }} then
            execute format('comment on table {{ this }} is %L', format('Made from {{ made_from }}, holds %s.', {{ holds }}));
        end if;
    end
    $sign$
{%- endmacro %}

-- Returns a condition: a row of the table was written or deleted in this transaction. True as well where nobody counts.
{% macro is_written_now(relation) -%}
    (
        current_setting('track_counts') = 'off'
        or pg_stat_get_xact_tuples_inserted('{{ relation }}'::regclass) > 0
        or pg_stat_get_xact_tuples_updated('{{ relation }}'::regclass) > 0
        or pg_stat_get_xact_tuples_deleted('{{ relation }}'::regclass) > 0
    )
{%- endmacro %}

-- Returns SQL (text) for a part of a table's signature, 'made from' or 'holds'. Null where it has none, or is not there.
{% macro read_signature(relation, part) -%}
    {%- set pattern = {'made from': '^Made from ([0-9a-f]+), ', 'holds': ', holds ([0-9a-f-]+)\.$'}[part] -%}
    substring(obj_description(to_regclass('{{ relation }}'), 'pg_class') from '{{ pattern }}')
{%- endmacro %}

-- Returns SQL (text) for a digest of a table's rows, whatever their order.
{% macro digest_rows(relation) -%}
    (select md5(count(*) || ':' || coalesce(sum(hashtextextended(counted::text, 0)), 0)) from {{ relation }} as counted)
{%- endmacro %}
