-- Post-hook: gives the planner statistics of a table that was just made; without any it takes nested loops over millions of rows.
-- A sample of 3,000 rows is enough for the next models of the build, and takes a tenth of the time of the usual 30,000. Not after
-- an increment: the table has statistics, and autovacuum makes them again as it grows. From what the next build replaces autovacuum is
-- kept away: it would work on tables that are about to go, beside the build that replaces them.
{% macro analyze_table() -%}
    {%- if not is_incremental() and config.get('materialized') != 'view' -%}
        set local default_statistics_target = 10;
        analyze {{ this }}
        {%- if config.get('materialized') != 'incremental' and not (config.get('meta') or {}).get('changes') %};
        alter table {{ this }} set (autovacuum_enabled = false)
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
