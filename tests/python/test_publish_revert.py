"""Going back to the deliveries of an earlier publication: rows go, refusals stay, and the next build has all again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cercle import builds, db, flow
from cercle.errors import EXIT_USAGE, CercleError
from cercle.settings import Settings
from mini_project import AS_OF, apply_identity, build, deliver, make_warehouse, some_orders


def fetch(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with db.connect(settings) as connection:
        return connection.execute(query.encode()).fetchall()


ORDERS = "select order_id, amount from marts.orders order by order_id"


def test_the_rows_of_later_deliveries_go_and_come_back_with_the_next_build(database: Settings) -> None:
    make_warehouse(database)
    deliver(database, some_orders(0, 10))
    build(database)
    before = fetch(database, ORDERS)
    deliver(database, [("o3", "ref3", "w", "99.99", "wrong"), *some_orders(10, 5)])
    build(database)
    wrong = fetch(database, ORDERS)
    assert len(wrong) == 15

    started = builds.start_revert(database, 1, AS_OF)
    assert (started.load_count, started.is_full_refresh) == (1, True)
    for layer in flow.LAYERS:
        flow.run_layer(database, started.build_id, layer)
    flow.publish(database, started.build_id, apply_identity=apply_identity)
    assert fetch(database, ORDERS) == before

    build(database)
    assert fetch(database, ORDERS) == wrong, "an ordinary build reads what is admitted"


def test_what_later_deliveries_said_of_permissions_holds(database: Settings) -> None:
    make_warehouse(database)
    first, refusals, notices, withdrawn = (deliver(database, []) for _ in range(4))
    later = deliver(database, [])
    with db.connect(database) as connection:
        connection.execute(
            "insert into ops.builds (state, as_of, cercle_version) values ('published', now(), 'test')"
        )
        connection.execute("insert into ops.build_loads values (1, %s), (1, %s)", (first, withdrawn))
        connection.execute("insert into ops.publications (build_id, as_of) values (1, now())")
        connection.execute("insert into privacy.ledger_loads values ('main', %s, 1, 0, 0)", (refusals,))
        connection.execute(
            """
            insert into privacy.notice_versions (
                notice_id, notice_version, recorded_at, valid_from, content_hash, load_id
            )
            values ('N', '1', now(), now(), 'x', %s)
            """,
            (notices,),
        )
        connection.execute("update ops.loads set state = 'withdrawn' where load_id = %s", (withdrawn,))
    started = builds.start_revert(database, 1)
    read = {
        load
        for (load,) in fetch(
            database, f"select load_id from ops.build_loads where build_id = {started.build_id}"
        )
    }
    assert read == {first, refusals, notices}, f"neither {withdrawn}, which nobody admits, nor {later}"


def test_an_unknown_publication_is_refused_and_leaves_no_build(
    database: Settings, cli: Callable[..., Any]
) -> None:
    make_warehouse(database)
    with pytest.raises(CercleError, match="no publication 7") as error:
        builds.start_revert(database, 7)
    assert error.value.exit_code == EXIT_USAGE
    assert fetch(database, "select * from ops.builds") == []
    answer = cli("publication", "revert", settings=database)
    assert answer.exit_code == 3
    assert "no earlier publication" in answer.err
