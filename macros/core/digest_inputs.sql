-- Returns SQL (text, never null): a digest of all that the model at hand is made from. That is its own SQL, the build's moment where it
-- asks for it, and what it reads: a signed table says itself what it holds (see sign_table); of a source the transactions that wrote its
-- rows are counted, of any other table the rows; a view is its definition, and what it reads.
-- An erasure takes rows away behind dbt's back: what was made before it was made from something else.
{% macro digest_inputs(sql) -%}
    md5(jsonb_build_array(
        '{{ local_md5(sql | replace('"' ~ target.database ~ '".', '')) }}',
        (select max(erasure_id) from privacy.erasures)
        {%- if 'ops.as_of()' in sql %},
        {{ cercle.as_of() }}
        {%- endif -%}
        {%- if 'ops.admitted_loads' in sql %},
        {{ cercle.digest_admitted_loads() }}
        {%- endif -%}
        {%- for input in cercle.list_inputs(model.depends_on.nodes) | unique(attribute='relation') | sort(attribute='relation') %},
        {{ cercle.digest_input(input) }}
        {%- endfor %}
    )::text)
{%- endmacro %}

-- Returns SQL (text) for a digest of one input, an element of list_inputs().
{% macro digest_input(input) -%}
    {%- if input.kind == 'view' -%}
        (
            select jsonb_build_array(
                definition,
                case when definition like '%as_of()%' then ops.as_of() end,
                case when definition like '%admitted_loads%' then {{ cercle.digest_admitted_loads() }} end
            )::text
            from pg_get_viewdef('{{ input.relation }}'::regclass) as views (definition)
        )
    {%- elif input.kind == 'source' -%}
        (select count(*) || ':' || coalesce(sum(hashtextextended(xmin::text, 0)), 0) from {{ input.relation }})
    {%- else -%}
        coalesce({{ cercle.read_signature(input.relation, 'holds') }}, {{ cercle.digest_rows(input.relation) }})
    {%- endif -%}
{%- endmacro %}

-- Returns SQL (array) for the loads that the build has admitted.
{% macro digest_admitted_loads() -%}
    (select array_agg(load_id order by load_id) from ops.admitted_loads)
{%- endmacro %}

-- Returns what nodes read, as a list of {relation, kind}: kind is view, source (a table that dbt does not make), or table (anything else,
-- a view of others too). Ephemeral models stand in the SQL of those who read them; what is behind them and behind views is listed.
{% macro list_inputs(node_ids) -%}
    {%- set inputs = [] -%}
    {%- for node_id in node_ids if execute and node_id.split('.')[0] != 'macro' -%}
        {%- if node_id in graph.sources -%}
            {%- set source = graph.sources[node_id] -%}
            {%- set relation = adapter.get_relation(source.database, source.schema, source.identifier) -%}
            {%- do inputs.append({'relation': source.relation_name, 'kind': 'source' if relation.type == 'table' else 'table'}) -%}
        {%- else -%}
            {%- set node = graph.nodes[node_id] -%}
            {%- set materialized = node.config.materialized -%}
            {%- if materialized != 'ephemeral' -%}
                {%- do inputs.append({'relation': node.relation_name, 'kind': 'view' if materialized == 'view' else 'table'}) -%}
            {%- endif -%}
            {%- if materialized in ['ephemeral', 'view'] -%}
                {%- do inputs.extend(cercle.list_inputs(node.depends_on.nodes)) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(inputs) }}
{%- endmacro %}
