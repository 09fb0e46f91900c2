"""A tiny warehouse for the tests of builds: three marts from one raw table, with the real dbt and PostgreSQL."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from cercle import builds, db, flow
from cercle.publish import Column, ForeignKey, Index, Mart, Publication
from cercle.settings import Settings

FIXTURE = Path(__file__).parent / "fixtures" / "mini_project"
AS_OF = datetime(2025, 6, 30, 12, tzinfo=UTC)
Order = tuple[str, str, str, str, str]


def make_warehouse(settings: Settings, salt: str = "") -> None:
    """Copy the project to where the settings look for it, and make its raw tables."""
    shutil.copytree(FIXTURE, settings.project_dir)
    with db.connect(settings) as connection:
        connection.execute(
            """
            create table raw.mini__orders (
                order_id text, customer_ref text, channel_code text, amount numeric, note text, _load_id bigint
            );
            create table raw.mini__salt (salt text)
            """
        )
        connection.execute("insert into raw.mini__salt values (%s)", (salt,))


def deliver(settings: Settings, orders: Sequence[Order], state: str = "checked", replaced: int = 0) -> int:
    """Store a load with its rows (order_id, customer_ref, channel_code, amount, note), as the loader would."""
    with db.connect(settings) as connection:
        load_id = connection.execute(
            """
            insert into ops.loads (
                source, plugin, entity, file_name, file_sha256, file_byte_count, contract_version, contract_sha256,
                state, read_count, stored_count, replaced_count, started_at
            )
            values ('mini', 'mini', 'orders', 'f', gen_random_uuid()::text, 0, '1', '', %s, %s, %s, %s, now())
            returning load_id
            """,
            (state, len(orders), len(orders), replaced),
        ).fetchone()[0]
        connection.cursor().executemany(
            "insert into raw.mini__orders values (%s, %s, %s, %s, %s, %s)",
            [(*order, load_id) for order in orders],
        )
    return int(load_id)


def some_orders(start: int, count: int) -> list[Order]:
    return [
        (f"o{n}", f"ref{n % 7}", "ws"[n % 2], f"{n}.50", f"note {n}") for n in range(start, start + count)
    ]


def apply_identity(connection: psycopg.Connection, publication_id: int, as_of: datetime) -> None:
    """Stand-in for cercle.identity: every customer that is built becomes an id, its orders the members."""
    connection.execute(
        """
        insert into identity.ids (kind, id, minted_from, generation, created_publication_id, created_at)
        select 'customer', customer_id, min('orders:mini:' || order_id), 0, %(publication)s, %(as_of)s
        from marts_build.orders
        group by customer_id
        on conflict do nothing
        """,
        {"publication": publication_id, "as_of": as_of},
    )
    connection.execute("delete from identity.members")
    connection.execute(
        """
        insert into identity.members (kind, member_key, id, valid_from, known_from, from_publication_id)
        select 'customer', 'orders:mini:' || order_id, customer_id, %(as_of)s, %(as_of)s, %(publication)s
        from marts_build.orders
        """,
        {"publication": publication_id, "as_of": as_of},
    )


def build(settings: Settings, as_of: datetime = AS_OF, full_refresh: bool | None = None) -> Publication:
    """Build and publish with the real steps, without a ledger and checks of marts."""
    started = builds.start_build(settings, as_of, full_refresh, wait_seconds=20)
    for layer in flow.LAYERS:
        flow.run_layer(settings, started.build_id, layer)
    return flow.publish(settings, started.build_id, apply_identity=apply_identity)


# --- marts without dbt ------------------------------------------------------------------------------------


def no_identity(connection: psycopg.Connection, publication_id: int, as_of: datetime) -> None:
    """Changes nothing in identity."""


def a_mart(
    relation: str = "things",
    columns: Iterable[tuple[str, str]] = (("id", "bigint"), ("value", "text")),
    key: tuple[str, ...] = ("id",),
    tags: dict[str, tuple[str, ...]] | None = None,
    foreign_keys: tuple[ForeignKey, ...] = (),
    indexes: tuple[Index, ...] = (),
    **more: object,
) -> Mart:
    """A shape as a contract would give it."""
    return Mart(
        relation=relation,
        model_id=f"model.test.{relation}",
        description=f"One row per {relation}.",
        columns=tuple(
            Column(name, data_type, f"The {name}.", name in key, (tags or {}).get(name, ()))
            for name, data_type in columns
        ),
        primary_key=key,
        foreign_keys=foreign_keys,
        indexes=indexes,
        **more,
    )


def built(settings: Settings, marts: dict[Mart, str]) -> int:
    """Start a build, fill marts_build by a query per mart, and keep the shapes; return its id."""
    settings.project_dir.mkdir(parents=True, exist_ok=True)
    (settings.project_dir / "dbt_project.yml").touch()
    build_id = builds.start_build(settings, AS_OF, wait_seconds=20).build_id
    fill(settings, build_id, marts)
    return build_id


def fill(settings: Settings, build_id: int, marts: dict[Mart, str]) -> None:
    """Fill marts_build by a query per mart, and keep the shapes for the build."""
    with db.connect(settings) as connection:
        for mart, query in marts.items():
            names = ", ".join(f'"{column.name}" {column.data_type}' for column in mart.columns)
            key = ", ".join(f'"{name}"' for name in mart.primary_key)
            table = sql.Identifier("marts_build", mart.relation).as_string(None)
            connection.execute(f"drop table if exists {table} cascade")
            connection.execute(f"create table {table} ({names}, primary key ({key}))")
            connection.execute(f"insert into {table} {query}")
            connection.execute(
                "insert into ops.build_marts values (%s, %s, %s)",
                (build_id, mart.relation, json.dumps(mart.as_json())),
            )


def published(settings: Settings, marts: dict[Mart, str], **options: object) -> Publication:
    """Build marts by queries and publish them."""
    return flow.publish(settings, built(settings, marts), apply_identity=no_identity, **options)
