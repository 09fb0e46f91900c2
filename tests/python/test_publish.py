"""Publication writes the rows that differ, plans the shape, and loses nothing unasked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg import sql

from cercle import db, flow
from cercle.errors import EXIT_DIFFERENCE, EXIT_LOCKED, CercleError
from cercle.publish import Column, ForeignKey, Index, Mart, plan_publication, transaction
from cercle.settings import Settings
from mini_project import AS_OF, a_mart, built, no_identity, published

THINGS = a_mart()


def rows(settings: Settings, query: str) -> list[tuple]:
    with db.connect(settings) as connection:
        return connection.execute(query).fetchall()


def with_column(mart: Mart, name: str, data_type: str, required: bool = False) -> Mart:
    return replace(mart, columns=(*mart.columns, Column(name, data_type, "", required)))


# --- rows -------------------------------------------------------------------------------------------------


def test_the_first_publication_makes_the_table_with_its_key_comments_and_indexes(database: Settings) -> None:
    parents = a_mart("parents", [("parent_id", "text")], ("parent_id",))
    children = a_mart(
        "children",
        [("child_id", "int"), ("parent_id", "text"), ("tags", "text[]")],
        ("child_id",),
        foreign_keys=(ForeignKey(("parent_id",), "parents", ("parent_id",)),),
        indexes=(Index(("parent_id",)), Index(("tags",), "gin")),
    )
    published(database, {children: "values (1, 'a', '{x}'::text[])", parents: "values ('a')"})
    with db.connect(database) as connection:
        constraints = {
            kind: (definition, deferrable)
            for kind, definition, deferrable in connection.execute(
                """
                select contype::text, pg_get_constraintdef(oid), condeferrable
                from pg_constraint
                where conrelid = 'marts.children'::regclass and contype <> 'n'
                """
            )
        }
        methods = connection.execute(
            "select indexdef from pg_indexes where schemaname = 'marts' and tablename = 'children'"
        ).fetchall()
        comment = connection.execute("select obj_description('marts.children'::regclass)").fetchone()
        column = connection.execute("select col_description('marts.children'::regclass, 1)").fetchone()
    assert constraints["p"] == ("PRIMARY KEY (child_id)", False)
    assert constraints["f"][0].startswith("FOREIGN KEY (parent_id) REFERENCES marts.parents(parent_id)")
    assert constraints["f"][1]
    assert sorted(re.findall(r"USING (\w+ \(\w+\))", " ".join(row[0] for row in methods))) == [
        "btree (child_id)",
        "btree (parent_id)",
        "gin (tags)",
    ]
    assert comment == ("One row per children.\n\nModel: model.test.children",)
    assert column == ("The child_id.",)


def test_only_rows_that_differ_are_written(database: Settings) -> None:
    published(database, {THINGS: "select n, 'v' || n from generate_series(1, 100) as n"})
    before = dict(rows(database, "select id, xmin::text from marts.things"))
    done = published(
        database,
        {
            THINGS: """
            select n, case n when 7 then 'changed' when 8 then null else 'v' || n end
            from generate_series(2, 101) as n
            """
        },
    )
    [changes] = done.changes
    assert (changes.inserted, changes.updated, changes.deleted, changes.rows) == (1, 2, 1, 100)
    after = dict(rows(database, "select id, xmin::text from marts.things"))
    assert {key for key in after if after[key] != before.get(key)} == {7, 8, 101}
    assert rows(database, "select id, value from marts.things where id in (1, 7, 8, 101) order by id") == [
        (7, "changed"),
        (8, None),
        (101, "v101"),
    ]


def test_a_null_that_becomes_a_value_is_a_change(database: Settings) -> None:
    published(database, {THINGS: "values (1, null), (2, '')"})
    done = published(database, {THINGS: "values (1, ''), (2, null)"})
    assert done.changes[0].updated == 2
    assert rows(database, "select id, value from marts.things order by id") == [(1, ""), (2, None)]


def test_a_key_of_several_columns_is_compared_whole(database: Settings) -> None:
    pairs = a_mart("pairs", [("a", "text"), ("b", "int"), ("value", "numeric")], ("a", "b"))
    published(database, {pairs: "values ('x', 1, 1), ('x', 2, 2), ('y', 1, 3)"})
    done = published(database, {pairs: "values ('x', 1, 1), ('x', 2, 9), ('y', 2, 3)"})
    [changes] = done.changes
    assert (changes.inserted, changes.updated, changes.deleted) == (1, 1, 1)
    assert rows(database, "select * from marts.pairs order by 1, 2") == [
        ("x", 1, 1),
        ("x", 2, 9),
        ("y", 2, 3),
    ]


def test_metadata_of_the_run_alone_changes_no_row(database: Settings) -> None:
    mart = a_mart(
        columns=[("id", "bigint"), ("value", "text"), ("built_at", "int")],
        tags={"built_at": ("run_metadata",)},
    )
    published(database, {mart: "values (1, 'a', 1), (2, 'b', 1)"})
    done = published(database, {mart: "values (1, 'a', 2), (2, 'B', 2)"})
    assert done.changes[0].updated == 1
    assert rows(database, "select * from marts.things order by id") == [(1, "a", 1), (2, "B", 2)]


def test_a_mart_that_is_all_key_is_published(database: Settings) -> None:
    mart = a_mart("links", [("a", "int"), ("b", "int")], ("a", "b"))
    published(database, {mart: "values (1, 1), (1, 2)"})
    done = published(database, {mart: "values (1, 2), (1, 3)"})
    assert (done.changes[0].inserted, done.changes[0].deleted) == (1, 1)
    assert rows(database, "select * from marts.links order by b") == [(1, 2), (1, 3)]


def test_rows_that_swap_a_unique_value_are_no_violation(database: Settings) -> None:
    mart = a_mart(uniques=(("value",),))
    published(database, {mart: "values (1, 'a'), (2, 'b')"})
    published(database, {mart: "values (1, 'b'), (2, 'a')"})
    assert rows(database, "select * from marts.things order by id") == [(1, "b"), (2, "a")]


def test_rows_may_move_between_parents_in_any_order_of_tables(database: Settings) -> None:
    parents = a_mart("parents", [("parent_id", "text")], ("parent_id",))
    children = a_mart(
        "children",
        [("child_id", "int"), ("parent_id", "text")],
        ("child_id",),
        foreign_keys=(ForeignKey(("parent_id",), "parents", ("parent_id",)),),
    )
    published(database, {parents: "values ('a')", children: "values (1, 'a')"})
    published(database, {parents: "values ('b')", children: "values (1, 'b'), (2, 'b')"})
    assert rows(database, "select * from marts.children order by 1") == [(1, "b"), (2, "b")]


# --- all or nothing ---------------------------------------------------------------------------------------


def test_an_orphan_publishes_nothing_and_is_not_quoted(database: Settings) -> None:
    parents = a_mart("parents", [("parent_id", "text")], ("parent_id",))
    children = a_mart(
        "children",
        [("child_id", "int"), ("parent_id", "text")],
        ("child_id",),
        foreign_keys=(ForeignKey(("parent_id",), "parents", ("parent_id",)),),
    )
    published(database, {parents: "values ('a')", children: "values (1, 'a')"})
    build_id = built(
        database, {parents: "values ('a'), ('b')", children: "values (1, 'a'), (2, 'marie@example.fr')"}
    )
    with pytest.raises(CercleError) as error:
        flow.publish(database, build_id, apply_identity=no_identity)
    assert "children" in str(error.value)
    assert "refer to rows that do not exist" in str(error.value)
    assert "marie" not in str(error.value)
    assert error.value.exit_code == EXIT_DIFFERENCE
    assert rows(database, "select * from marts.parents") == [("a",)]
    assert rows(database, "select count(*) from ops.publications") == [(1,)]


def test_identity_that_fails_leaves_marts_shape_and_record_as_they_were(database: Settings) -> None:
    published(database, {THINGS: "values (1, 'a')"})

    def fail(connection: psycopg.Connection, publication_id: int, as_of: object) -> None:
        connection.execute(
            "insert into identity.ids values ('customer', 'c_1', 'm', 0, %s, now())", (publication_id,)
        )
        raise RuntimeError

    build_id = built(database, {with_column(THINGS, "more", "int"): "values (1, 'b', 1)"})
    with pytest.raises(RuntimeError):
        flow.publish(database, build_id, apply_identity=fail)
    assert rows(database, "select * from marts.things") == [(1, "a")]
    assert rows(database, "select count(*) from identity.ids") == [(0,)]
    assert rows(database, "select count(*) from ops.publications") == [(1,)]
    assert rows(database, "select count(*) from ops.publication_ddl where publication_id > 1") == [(0,)]


def test_identity_is_written_in_the_publication_with_its_id_and_moment(database: Settings) -> None:
    seen = []
    build_id = built(database, {THINGS: "values (1, 'a')"})
    done = flow.publish(database, build_id, apply_identity=lambda connection, *said: seen.append(said))
    assert seen == [(done.publication_id, AS_OF)]


def test_a_build_that_was_taken_over_cannot_publish(database: Settings) -> None:
    old = built(database, {THINGS: "values (1, 'old')"})
    new = built(database, {THINGS: "values (1, 'new')"})
    with pytest.raises(CercleError, match=f"Build {old} is abandoned"):
        flow.publish(database, old, apply_identity=no_identity)
    flow.publish(database, new, apply_identity=no_identity)
    with pytest.raises(CercleError, match=f"Build {new} is published"):
        flow.publish(database, new, apply_identity=no_identity)


def test_a_mart_that_was_not_built_is_refused(database: Settings) -> None:
    build_id = built(database, {THINGS: "values (1, 'a')"})
    with db.connect(database) as connection:
        connection.execute("drop table marts_build.things")
    with pytest.raises(CercleError, match="did not make things"):
        flow.publish(database, build_id, apply_identity=no_identity)


def test_what_was_published_is_written_down(database: Settings) -> None:
    mart = a_mart(columns=[("id", "bigint"), ("value", "text")], tags={"value": ("personal",)})
    published(database, {mart: "values (1, 'a')"})
    published(database, {mart: "values (1, 'b'), (2, 'b')"})
    counts = "inserted_count, updated_count, deleted_count, row_count"
    assert rows(
        database, f"select relation, {counts} from ops.publication_changes order by publication_id"
    ) == [
        ("things", 1, 0, 0, 1),
        ("things", 1, 1, 0, 2),
    ]
    assert rows(database, "select column_name, data_type, tags from ops.mart_columns order by position") == [
        ("id", "bigint", []),
        ("value", "text", ["personal"]),
    ]
    assert rows(database, "select state, count(*) from ops.builds group by state") == [("published", 2)]
    assert rows(database, "select statement from ops.publication_ddl where publication_id = 2") == []


# --- shape ------------------------------------------------------------------------------------------------


def test_a_new_column_is_planned_and_views_and_grants_stay(database: Settings) -> None:
    published(database, {THINGS: "values (1, 'a')"})
    with db.connect(database) as connection:
        connection.execute(
            "create schema analysts; create view analysts.things as select id, value from marts.things"
        )
        connection.execute(
            "create role analyst_of_test; grant select (id) on marts.things to analyst_of_test"
        )
    try:
        wider = with_column(THINGS, "size", "int", required=True)
        build_id = built(database, {wider: "values (1, 'b', 5)"})
        with db.connect(database) as connection:
            plan = plan_publication(connection, [wider])
        assert [statement.text for statement in plan.structure] == [
            'alter table "marts"."things" add column "size" integer'
        ]
        assert [statement.text for statement in plan.keys] == [
            'alter table "marts"."things" alter column "size" set not null'
        ]
        assert rows(database, "select * from marts.things") == [(1, "a")]
        flow.publish(database, build_id, apply_identity=no_identity)
        assert rows(database, "select * from marts.things") == [(1, "b", 5)]
        assert rows(database, "select * from analysts.things") == [(1, "b")]
        assert rows(
            database, "select has_column_privilege('analyst_of_test', 'marts.things', 'id', 'select')"
        ) == [(True,)]
        assert rows(database, "select has_table_privilege('analyst_of_test', 'marts.things', 'select')") == [
            (False,)
        ]
        with db.connect(database) as connection:
            assert plan_publication(connection, [wider]).statements == ()
    finally:
        with db.connect(database) as connection:
            connection.execute("drop owned by analyst_of_test; drop role analyst_of_test")


def test_a_column_goes_only_when_it_is_allowed(database: Settings) -> None:
    wider = with_column(THINGS, "size", "int")
    published(database, {wider: "values (1, 'a', 5)"})
    build_id = built(database, {THINGS: "values (1, 'b')"})
    with pytest.raises(CercleError, match=r"Column size of marts.things goes.*--allow-drop"):
        flow.publish(database, build_id, apply_identity=no_identity)
    assert rows(database, "select * from marts.things") == [(1, "a", 5)]
    flow.publish(database, build_id, allow_drop=True, apply_identity=no_identity)
    assert rows(database, "select * from marts.things") == [(1, "b")]


def test_a_column_that_a_view_needs_does_not_go_at_all(database: Settings) -> None:
    wider = with_column(THINGS, "size", "int")
    published(database, {wider: "values (1, 'a', 5)"})
    with db.connect(database) as connection:
        connection.execute("create view public.sizes as select size from marts.things")
    build_id = built(database, {THINGS: "values (1, 'b')"})
    with pytest.raises(CercleError, match=r"these views need it: public\.sizes"):
        flow.publish(database, build_id, allow_drop=True, apply_identity=no_identity)
    assert rows(database, "select * from public.sizes") == [(5,)]


def test_a_relation_goes_only_when_it_is_allowed(database: Settings) -> None:
    others = a_mart("others", [("id", "int")])
    published(database, {THINGS: "values (1, 'a')", others: "values (1)"})
    build_id = built(database, {THINGS: "values (1, 'b')"})
    with pytest.raises(CercleError, match=r"marts.others goes"):
        flow.publish(database, build_id, apply_identity=no_identity)
    flow.publish(database, build_id, allow_drop=True, apply_identity=no_identity)
    assert rows(database, "select to_regclass('marts.others')::text") == [(None,)]
    assert rows(database, "select relation from ops.marts") == [("things",)]


def test_a_type_that_rewrites_the_table_must_be_allowed_and_a_wider_one_need_not(database: Settings) -> None:
    short = a_mart(columns=[("id", "int"), ("value", "varchar(10)"), ("amount", "numeric(10,2)")])
    published(database, {short: "values (1, 'a', 1.5)"})
    wide = a_mart(columns=[("id", "int"), ("value", "text"), ("amount", "numeric")])
    published(database, {wide: "values (1, 'a', 1.555)"})
    assert rows(database, "select * from marts.things") == [(1, "a", Decimal("1.555"))]
    build_id = built(
        database,
        {a_mart(columns=[("id", "int"), ("value", "text"), ("amount", "text")]): "values (1, 'a', 'x')"},
    )
    with pytest.raises(CercleError, match=r"becomes text \(was numeric\)"):
        flow.publish(database, build_id, apply_identity=no_identity)
    flow.publish(database, build_id, allow_drop=True, apply_identity=no_identity)
    assert rows(database, "select * from marts.things") == [(1, "a", "x")]


def test_another_key_writes_all_rows_anew(database: Settings) -> None:
    old = a_mart("parents", [("a", "int"), ("b", "int")], ("a",))
    child = a_mart(
        "children",
        [("c", "int"), ("a", "int")],
        ("c",),
        foreign_keys=(ForeignKey(("a",), "parents", ("a",)),),
    )
    published(database, {old: "values (1, 1)", child: "values (1, 1)"})
    new = a_mart("parents", [("a", "int"), ("b", "int"), ("n", "int")], ("a", "n"))
    child = a_mart(
        "children",
        [("c", "int"), ("a", "int"), ("n", "int")],
        ("c",),
        foreign_keys=(ForeignKey(("a", "n"), "parents", ("a", "n")),),
    )
    published(database, {new: "values (1, 1, 1), (2, 1, 2)", child: "values (1, 2, 2)"})
    assert rows(database, "select * from marts.parents order by a") == [(1, 1, 1), (2, 1, 2)]
    with db.connect(database) as connection:
        assert plan_publication(connection, [new, child]).statements == ()


def test_a_relation_of_somebody_else_is_not_touched(database: Settings) -> None:
    with db.connect(database) as connection:
        connection.execute("create table marts.things (mine text)")
    build_id = built(database, {THINGS: "values (1, 'a')"})
    with pytest.raises(CercleError, match=r"marts.things exists and is not cercle's"):
        flow.publish(database, build_id, allow_drop=True, apply_identity=no_identity)


def test_an_index_of_somebody_else_stays_and_one_of_ours_that_is_not_wanted_goes(database: Settings) -> None:
    indexed = a_mart(indexes=(Index(("value",)),))
    published(database, {indexed: "values (1, 'a')"})
    with db.connect(database) as connection:
        connection.execute("create index mine on marts.things (value)")
    published(database, {THINGS: "values (1, 'a')"})
    names = [row[0] for row in rows(database, "select indexname from pg_indexes where schemaname = 'marts'")]
    assert sorted(names) == ["mine", THINGS.primary_key_name]


def test_a_check_that_does_not_hold_publishes_nothing(database: Settings) -> None:
    mart = a_mart(checks=("value <> 'bad'",))
    published(database, {mart: "values (1, 'good')"})
    build_id = built(database, {mart: "values (1, 'bad')"})
    with pytest.raises(CercleError, match="violate a check"):
        flow.publish(database, build_id, apply_identity=no_identity)
    assert rows(database, "select value from marts.things") == [("good",)]


# --- readers that hold locks ------------------------------------------------------------------------------


def test_a_change_of_shape_gives_way_to_a_reader_and_names_it(
    database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "LOCK_TIMEOUT_MS", 100)
    monkeypatch.setattr(transaction, "PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(transaction, "ATTEMPTS", 2)
    published(database, {THINGS: "values (1, 'a')"})
    wider = with_column(THINGS, "size", "int")
    build_id = built(database, {wider: "values (1, 'b', 5)"})
    with db.connect(database, application_name="a BI tool") as reader:
        assert reader.execute("select value from marts.things").fetchall() == [("a",)]
        with pytest.raises(CercleError, match=r"a BI tool \(pid \d+") as error:
            flow.publish(database, build_id, apply_identity=no_identity)
        assert error.value.exit_code == EXIT_LOCKED
        assert reader.execute("select value from marts.things").fetchall() == [("a",)]
    flow.publish(database, build_id, apply_identity=no_identity)
    assert rows(database, "select * from marts.things") == [(1, "b", 5)]


def test_a_publication_without_a_change_of_shape_waits_for_no_reader(database: Settings) -> None:
    published(database, {THINGS: "values (1, 'a')"})
    build_id = built(database, {THINGS: "values (1, 'b'), (2, 'c')"})
    with db.connect(database) as reader:
        reader.execute("set transaction isolation level repeatable read")
        assert reader.execute("select value from marts.things").fetchall() == [("a",)]
        flow.publish(database, build_id, apply_identity=no_identity)
        assert reader.execute("select value from marts.things").fetchall() == [("a",)]
    assert rows(database, "select count(*) from marts.things") == [(2,)]


# --- the command ------------------------------------------------------------------------------------------


def test_publications_are_listed_and_shown(database: Settings, cli: Callable[..., Any]) -> None:
    assert cli("publication", "list", settings=database).out == "Nothing is published yet.\n"
    assert cli("publication", "show", settings=database).exit_code == 3
    published(database, {THINGS: "values (1, 'a'), (2, 'b')"})
    listed = cli("publication", "list", "--json", settings=database).json
    assert [(row["publication_id"], row["inserted_count"], row["row_count"]) for row in listed] == [(1, 2, 2)]
    shown = cli("publication", "show", "--json", settings=database).json
    assert shown["changes"][0]["relation"] == "things"
    assert shown["statements"][0]["statement"].startswith('create table "marts"."things"')


def test_names_are_quoted(database: Settings) -> None:
    mart = a_mart("order", [("select", "int"), ("from", "text")], ("select",), indexes=(Index(("from",)),))
    published(database, {mart: "values (1, 'a')"})
    with db.connect(database) as connection:
        found = connection.execute(
            sql.SQL("select * from {}").format(sql.Identifier("marts", "order"))
        ).fetchall()
    assert found == [(1, "a")]
