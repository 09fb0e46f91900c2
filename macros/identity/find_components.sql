-- Fills the temporary table `cercle_components`, (vertex text, component text): one row per left vertex of the edges, where
-- component is the smallest left vertex of its connected component. Null on the right is a vertex alone; null on the left is left out.
--
-- Contraction. Each round every vertex hooks to its smallest neighbour. That makes a forest: pointers could run in a ring
-- only between two vertices that are each other's smallest neighbour, and of these the smaller becomes the root. Pointers are
-- then followed to the roots by doubling (jump), edges are rewritten between roots, loops and doubles dropped (contract).
-- As every vertex that has an edge hooks, a round leaves at most half of them: log2(n) rounds on any graph, chains and
-- stars included, and it stops when no edge is left. No chance is involved: the same edges give the same components.
-- The idea is Boruvka's (1926); in SQL: Boegeholz, Brand, Todor, In-database connected component analysis (2020).
{% macro find_components(edges_sql, left, right, is_bipartite=true) -%}
    {%- set state = namespace(round=0, edges=0, changed=0) -%}

    {%- do cercle.run_steps([
        "drop table if exists cercle_components, cercle_named_edges, cercle_vertices, cercle_labels, cercle_relabelled, cercle_edges, cercle_contracted, cercle_hooks, cercle_jumped",
        "create temporary table cercle_named_edges as
            select " ~ left ~ "::text as left_name, " ~ right ~ "::text as right_name from (" ~ edges_sql ~ ") as edges
            where " ~ left ~ " is not null",
        "create temporary table cercle_vertices as
            select side, name, row_number() over (order by side, name collate \"C\") as vertex
            from (
                select 0 as side, left_name as name from cercle_named_edges
                union
                select " ~ (1 if is_bipartite else 0) ~ ", right_name from cercle_named_edges where right_name is not null
            ) as sides",
        "analyze cercle_vertices",
        "create temporary table cercle_edges as
            select distinct least(lefts.vertex, rights.vertex) as a, greatest(lefts.vertex, rights.vertex) as b
            from cercle_named_edges as named_edges
            inner join cercle_vertices as lefts on lefts.side = 0 and named_edges.left_name = lefts.name
            inner join cercle_vertices as rights on rights.side = " ~ (1 if is_bipartite else 0) ~ " and named_edges.right_name = rights.name
            where lefts.vertex <> rights.vertex",
        "drop table cercle_named_edges",
        "create temporary table cercle_labels as select vertex, vertex as root from cercle_vertices",
    ]) -%}
    {%- set state.edges = cercle.count_rows('cercle_edges') -%}

    {#- 2^64 vertices would need 64 rounds: whoever gets there has found a defect. -#}
    {%- for round in range(64) if state.edges > 0 -%}
        {%- set state.round = round + 1 -%}
        {%- do cercle.run_steps([
            "analyze cercle_edges",
            "create temporary table cercle_hooks as
                select vertex, min(neighbour) as parent
                from (select a as vertex, b as neighbour from cercle_edges union all select b, a from cercle_edges) as ends
                group by vertex",
            "analyze cercle_hooks",
            "update cercle_hooks as hooks set parent = hooks.vertex
                from cercle_hooks as parents
                where hooks.parent = parents.vertex and parents.parent = hooks.vertex and hooks.vertex < hooks.parent",
        ]) -%}
        {%- set state.changed = 1 -%}
        {%- for jump in range(64) if state.changed > 0 -%}
            {%- do cercle.run_steps([
                "create temporary table cercle_jumped as
                    select hooks.vertex, parents.parent, (parents.parent <> hooks.parent) as is_changed
                    from cercle_hooks as hooks
                    inner join cercle_hooks as parents on hooks.parent = parents.vertex",
                "drop table cercle_hooks",
                "alter table cercle_jumped rename to cercle_hooks",
                "analyze cercle_hooks",
            ]) -%}
            {%- set state.changed = cercle.count_rows('cercle_hooks where is_changed') -%}
        {%- endfor -%}
        {%- do cercle.run_steps([
            "create temporary table cercle_relabelled as
                select labels.vertex, coalesce(hooks.parent, labels.root) as root
                from cercle_labels as labels
                left join cercle_hooks as hooks on labels.root = hooks.vertex",
            "drop table cercle_labels",
            "alter table cercle_relabelled rename to cercle_labels",
            "create temporary table cercle_contracted as
                select distinct least(starts.parent, ends.parent) as a, greatest(starts.parent, ends.parent) as b
                from cercle_edges as edges
                inner join cercle_hooks as starts on edges.a = starts.vertex
                inner join cercle_hooks as ends on edges.b = ends.vertex
                where starts.parent <> ends.parent",
            "drop table cercle_edges, cercle_hooks",
            "alter table cercle_contracted rename to cercle_edges",
        ]) -%}
        {%- set state.edges = cercle.count_rows('cercle_edges') -%}
    {%- endfor -%}

    {%- if state.edges > 0 -%}
        {{ exceptions.raise_compiler_error("find_components: edges are left after 64 rounds, which cannot be; please report it") }}
    {%- endif -%}

    {#- The smallest left vertex has the smallest number, since left vertices were numbered first and in order of name. -#}
    {%- do cercle.run_steps([
        "create temporary table cercle_components as
            select vertices.name as vertex, smallest.name as component
            from cercle_vertices as vertices
            inner join cercle_labels as labels on vertices.vertex = labels.vertex
            inner join (select root, min(vertex) as vertex from cercle_labels group by root) as roots on labels.root = roots.root
            inner join cercle_vertices as smallest on roots.vertex = smallest.vertex
            where vertices.side = 0",
        "drop table cercle_vertices, cercle_labels, cercle_edges",
    ]) -%}
    {{ return(state.round) }}
{%- endmacro %}
