"""Tables whose changed rows are known: those alone are written, and whose they are is logged until a publication."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from cercle import db
from cercle.settings import Settings
from identity_support import dbt, make_small_project

HOOKS = "post_hook=['{{ cercle.sign_table() }}', '{{ cercle.log_changes() }}']"
MODELS = {
    # Whole each time, and compared.
    "holdings": (
        "{{ config(materialized='kept', meta={'key': 'number', 'changes': {'customer': ['owner']}}, "
        + HOOKS
        + ") }} select number, owner, amount from {{ source('trial', 'given') }}"
    ),
    # Any change is a change of all.
    "rules": (
        "{{ config(materialized='kept', meta={'key': 'number', 'changes': {}}, "
        + HOOKS
        + ") }} select number, owner from {{ source('trial', 'given') }} where number < 3"
    ),
    # For some owners alone.
    "wanted": "{{ config(materialized='table') }} select owner from {{ source('trial', 'named') }}",
    "holders": (
        "{{ config(materialized='incremental', incremental_strategy='compared', unique_key='number', "
        "indexes=[{'columns': ['owner']}], "
        "meta={'scope': {'columns': ['owner'], 'model': 'wanted'}, 'changes': {'customer': ['owner']}}, "
        + HOOKS
        + ") }} select number, owner, amount from {{ source('trial', 'given') }} "
        "where {{ cercle.is_among_if_incremental(['owner'], ref('wanted')) }}"
    ),
    "below": "{{ config(materialized='kept', "
    + HOOKS
    + ") }} select count(*) as count from {{ ref('holdings') }}",
}
# Dbt looks for a strategy in the project of the model.
STRATEGY = """
{% macro get_incremental_compared_sql(arguments) -%}
    {{ cercle.get_incremental_compared_sql(arguments) }}
{%- endmacro %}
"""
SOURCES = """
version: 2
sources:
  - name: trial
    tables: [{name: given}, {name: named}]
"""
Log = list[tuple[str | None, str | None]]


@pytest.fixture
def connection(database: Settings) -> Iterator[psycopg.Connection]:
    with db.connect(database, autocommit=True) as opened:
        opened.execute("create schema trial")
        opened.execute("create table trial.given (number integer, owner text, amount numeric)")
        opened.execute("create table trial.named (owner text)")
        opened.execute("insert into trial.given values (1, 'ana', 5), (2, 'bob', null), (3, 'cyd', 7)")
        yield opened


def make_project(settings: Settings, models: dict[str, str]) -> None:
    """Write the project, with what its models read and are made by."""
    make_small_project(settings, models)
    project = settings.home / "project"
    (project / "models" / "_sources.yml").write_text(SOURCES, encoding="utf-8")
    (project / "macros" / "compared.sql").write_text(STRATEGY, encoding="utf-8")


def log(connection: psycopg.Connection, relation: str) -> Log:
    """What was logged, and forget it."""
    return connection.execute(
        "delete from ops.changed_keys where relation = %s returning kind, key", (relation,)
    ).fetchall()


def places(connection: psycopg.Connection, relation: str) -> dict[int, str]:
    """The transaction that wrote each row."""
    query = f"select number, xmin::text from trial.{relation}"
    return dict(connection.execute(query.encode()).fetchall())


def test_rows_that_differ_are_written_and_logged(database: Settings, connection: psycopg.Connection) -> None:
    make_project(database, MODELS)
    dbt(database, "run")
    assert (
        log(connection, "holdings")
        == log(connection, "rules")
        == log(connection, "holders")
        == [(None, None)]
    )
    written, signed = (
        places(connection, "holdings"),
        connection.execute("select obj_description('trial.below'::regclass)").fetchone(),
    )

    # Written again, and the same: nothing is another one.
    connection.execute("update trial.given set amount = amount")
    dbt(database, "run")
    assert places(connection, "holdings") == written
    assert log(connection, "holdings") == log(connection, "rules") == log(connection, "holders") == []
    assert connection.execute("select obj_description('trial.below'::regclass)").fetchone() == signed

    # One changes hands, a null is one no more, one goes, one comes. Holders are asked for two owners alone.
    connection.execute("update trial.given set owner = 'dan' where number = 1")
    connection.execute("update trial.given set amount = 0 where number = 2")
    connection.execute("delete from trial.given where number = 3")
    connection.execute("insert into trial.given values (4, 'eve', 1)")
    connection.execute("insert into trial.named values ('bob'), ('cyd')")
    dbt(database, "run")
    assert sorted(log(connection, "holdings")) == [
        ("customer", owner) for owner in ("ana", "bob", "cyd", "dan", "eve")
    ]
    assert log(connection, "rules") == [(None, None)]
    assert sorted(log(connection, "holders")) == [("customer", "bob"), ("customer", "cyd")]
    given = connection.execute("select * from trial.given order by 1").fetchall()
    assert connection.execute("select * from trial.holdings order by 1").fetchall() == given
    assert connection.execute("select number, owner from trial.holders order by 1").fetchall() == [
        (1, "ana"),
        (2, "bob"),
    ]
    assert connection.execute("select obj_description('trial.below'::regclass)").fetchone() != signed

    # Another shape is another table.
    path = database.home / "project" / "models" / "holdings.sql"
    path.write_text(MODELS["holdings"].replace("amount from", "amount, 1 as one from"), encoding="utf-8")
    dbt(database, "run", "--select", "holdings")
    assert log(connection, "holdings") == [(None, None)]
    assert connection.execute("select sum(one) from trial.holdings").fetchone() == (3,)


def test_what_a_published_build_knew_is_forgotten(database: Settings, connection: psycopg.Connection) -> None:
    make_project(database, {"holdings": MODELS["holdings"]})
    connection.execute("insert into ops.builds (state, as_of, cercle_version) values ('failed', now(), '0')")
    dbt(database, "run")
    connection.execute("update trial.given set owner = 'dan' where number = 1")
    dbt(database, "run")
    kept = "select build_id, kind, key from ops.changed_keys order by build_id, key"
    assert connection.execute(kept.encode()).fetchall() == [
        (2, "customer", "ana"),
        (2, "customer", "dan"),
        (2, None, None),
    ]
    connection.execute(
        "insert into ops.builds (state, as_of, cercle_version) values ('published', now(), '0') returning build_id"
    )
    connection.execute("insert into ops.publications (build_id, as_of) values (2, now())")
    connection.execute("update trial.given set owner = 'eve' where number = 2")
    dbt(database, "run")
    assert connection.execute(kept.encode()).fetchall() == [(3, "customer", "bob"), (3, "customer", "eve")]
