-- Fills the temporary table `cercle_nearest`, (vertex text, label text): the label of the nearest seed for every left vertex
-- that a seed reaches. `seeds_sql` gives (vertex, label): labelled left vertices; `edges_sql` has, beside left and right, `priority`.
--
-- All seeds spread at once, a step at a time: a vertex without label takes that of a labelled neighbour, over the edge of
-- smallest priority number, ties by smallest label. It stops when a step labels nothing: at most as many steps as the longest
-- shortest path. Meant for the few clusters that are at odds with themselves, not for a whole graph.
{% macro find_nearest_seeds(edges_sql, seeds_sql, left, right, priority) -%}
    {%- set state = namespace(labelled=1) -%}
    {%- do cercle.run_steps([
        "drop table if exists cercle_nearest, cercle_spread, cercle_frontier, cercle_reached",
        "create temporary table cercle_spread as
            select distinct '0' || " ~ left ~ " as a, '1' || " ~ right ~ " as b, " ~ priority ~ " as priority
            from (" ~ edges_sql ~ ") as edges
            where " ~ left ~ " is not null and " ~ right ~ " is not null",
        "insert into cercle_spread select b, a, priority from cercle_spread",
        "create index on cercle_spread (a)",
        "analyze cercle_spread",
        "create temporary table cercle_nearest as
            select '0' || vertex as vertex, min(label collate \"C\") as label from (" ~ seeds_sql ~ ") as seeds group by vertex",
        "create unique index on cercle_nearest (vertex)",
        "create temporary table cercle_frontier as select vertex, label from cercle_nearest",
    ]) -%}
    {%- for step in range(100000) if state.labelled > 0 -%}
        {%- set state.labelled = cercle.run_steps_and_count([
            "create temporary table cercle_reached as
                select distinct on (spread.b) spread.b as vertex, frontier.label
                from cercle_frontier as frontier
                inner join cercle_spread as spread on frontier.vertex = spread.a
                left join cercle_nearest as nearest on spread.b = nearest.vertex
                where nearest.vertex is null
                order by spread.b, spread.priority, frontier.label collate \"C\"",
            "insert into cercle_nearest select vertex, label from cercle_reached",
            "drop table cercle_frontier",
            "alter table cercle_reached rename to cercle_frontier",
        ], 'cercle_frontier') -%}
    {%- endfor -%}
    {%- do cercle.run_steps([
        "drop table cercle_spread, cercle_frontier",
    ]) -%}
{%- endmacro %}
