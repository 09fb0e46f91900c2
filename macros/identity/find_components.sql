-- Fills the temporary table `cercle_components`, (vertex text, component text): one row per left vertex of the edges, where
-- component is the smallest left vertex of its connected component. Null on the right is a vertex alone; null on the left is left out.
--
-- Only right vertices that join something (nodes) are numbered and resolved: those of one left vertex hang together, and left vertices
-- with the same nodes are one case. Where left and right are vertices of one kind, all of them are on the left, each with itself as a node too.
--
-- Contraction. Each round every node hooks to its smallest neighbour. That makes a forest: pointers could run in a ring
-- only between two nodes that are each other's smallest neighbour, and of these the smaller becomes the root. Pointers are
-- then followed to the roots by doubling (jump), edges are rewritten between roots, loops and doubles dropped (contract).
-- As every node that has an edge hooks, a round leaves at most half of them: log2(n) rounds on any graph, chains and
-- stars included, and it stops when no edge is left. No chance is involved: the same edges give the same components.
-- The idea is Boruvka's (1926); in SQL: Boegeholz, Brand, Todor, In-database connected component analysis (2020).
{% macro find_components(edges_sql, left, right, is_bipartite=true) -%}
    {%- set state = namespace(round=0, edges=0, changed=0) -%}

    {%- set named_edges = [
        "drop table if exists cercle_components, cercle_named_edges, cercle_nodes, cercle_lefts, cercle_labels, cercle_relabelled, cercle_edges, cercle_contracted, cercle_hooks, cercle_jumped",
        "create temporary table cercle_named_edges as
            select " ~ left ~ "::text as left_name, " ~ right ~ "::text as right_name from (" ~ edges_sql ~ ") as edges
            where " ~ left ~ " is not null",
    ] -%}
    {%- if not is_bipartite -%}
        {%- do named_edges.append("insert into cercle_named_edges
            select left_name, left_name from cercle_named_edges
            union
            select right_name, right_name from cercle_named_edges where right_name is not null") -%}
    {%- endif -%}
    {%- set state.edges = cercle.run_steps_and_count(named_edges + [
        "create temporary table cercle_nodes as
            select right_name as name, row_number() over () as node
            from cercle_named_edges
            where right_name is not null
            group by right_name
            having count(*) > 1",
        "analyze cercle_nodes",
        "create temporary table cercle_lefts as
            select named_edges.left_name as name, array_agg(nodes.node) filter (where nodes.node is not null) as nodes
            from cercle_named_edges as named_edges
            left join cercle_nodes as nodes on named_edges.right_name = nodes.name
            group by named_edges.left_name",
        "drop table cercle_named_edges",
        "create temporary table cercle_edges as
            select distinct least(cases.nodes[1], others.node) as a, greatest(cases.nodes[1], others.node) as b
            from (select distinct nodes from cercle_lefts where cardinality(nodes) > 1) as cases
            cross join lateral unnest(cases.nodes) as others (node)
            where others.node <> cases.nodes[1]",
        "create temporary table cercle_labels as select node, node as root from cercle_nodes",
        "drop table cercle_nodes",
    ], 'cercle_edges') -%}

    {#- 2^64 nodes would need 64 rounds: whoever gets there has found a defect. -#}
    {%- for round in range(64) if state.edges > 0 -%}
        {%- set state.round = round + 1 -%}
        {%- do cercle.run_steps([
            "analyze cercle_edges",
            "create temporary table cercle_hooks as
                select node, min(neighbour) as parent
                from (select a as node, b as neighbour from cercle_edges union all select b, a from cercle_edges) as ends
                group by node",
            "analyze cercle_hooks",
            "update cercle_hooks as hooks set parent = hooks.node
                from cercle_hooks as parents
                where hooks.parent = parents.node and parents.parent = hooks.node and hooks.node < hooks.parent",
        ]) -%}
        {%- set state.changed = 1 -%}
        {%- for jump in range(64) if state.changed > 0 -%}
            {%- set state.changed = cercle.run_steps_and_count([
                "create temporary table cercle_jumped as
                    select hooks.node, parents.parent, (parents.parent <> hooks.parent) as is_changed
                    from cercle_hooks as hooks
                    inner join cercle_hooks as parents on hooks.parent = parents.node",
                "drop table cercle_hooks",
                "alter table cercle_jumped rename to cercle_hooks",
                "analyze cercle_hooks",
            ], 'cercle_hooks where is_changed') -%}
        {%- endfor -%}
        {%- set state.edges = cercle.run_steps_and_count([
            "create temporary table cercle_relabelled as
                select labels.node, coalesce(hooks.parent, labels.root) as root
                from cercle_labels as labels
                left join cercle_hooks as hooks on labels.root = hooks.node",
            "drop table cercle_labels",
            "alter table cercle_relabelled rename to cercle_labels",
            "create temporary table cercle_contracted as
                select distinct least(starts.parent, ends.parent) as a, greatest(starts.parent, ends.parent) as b
                from cercle_edges as edges
                inner join cercle_hooks as starts on edges.a = starts.node
                inner join cercle_hooks as ends on edges.b = ends.node
                where starts.parent <> ends.parent",
            "drop table cercle_edges, cercle_hooks",
            "alter table cercle_contracted rename to cercle_edges",
        ], 'cercle_edges') -%}
    {%- endfor -%}

    {%- if state.edges > 0 -%}
        {{ exceptions.raise_compiler_error("find_components: edges are left after 64 rounds, which cannot be; please report it") }}
    {%- endif -%}

    {%- do cercle.run_steps([
        "analyze cercle_labels",
        "create temporary table cercle_components as
            with rooted as (
                select lefts.name, labels.root
                from cercle_lefts as lefts
                left join cercle_labels as labels on lefts.nodes[1] = labels.node
            ),

            smallest as (
                select root, min(name collate \"C\") collate \"default\" as name
                from rooted
                group by root
            )

            select rooted.name as vertex, coalesce(smallest.name, rooted.name) as component
            from rooted
            left join smallest on rooted.root = smallest.root",
        "drop table cercle_lefts, cercle_labels, cercle_edges",
    ]) -%}
    {{ return(state.round) }}
{%- endmacro %}
