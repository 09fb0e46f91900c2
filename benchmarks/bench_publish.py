"""Measures a publication: one wide mart, first whole, then with a share of its rows changed, then with nothing new.

    .venv/bin/python benchmarks/bench_publish.py --rows 2000000 --share 0.01

It works in a database of its own on the server of CERCLE_HOME or CERCLE_DSN, dropped at the end, and prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import time

from bench_database import bench_database

from cercle import builds, db, flow
from cercle.publish import Column, Index, Mart
from cercle.settings import Settings

COLUMNS = {
    "interaction_id": "text",
    "customer_id": "text",
    "conversation_id": "text",
    "source_name": "text",
    "channel": "text",
    "direction": "text",
    "is_public": "boolean",
    "occurred_at": "timestamptz",
    "ended_at": "timestamptz",
    "agent_id": "text",
    "rating": "integer",
    "amount": "numeric",
    "currency_code": "text",
    "body": "text",
}
MART = Mart(
    "interactions",
    "model.bench.interactions",
    "One row per interaction.",
    tuple(Column(name, kind, f"The {name}.", name == "interaction_id") for name, kind in COLUMNS.items()),
    ("interaction_id",),
    indexes=(Index(("customer_id",)), Index(("occurred_at",))),
)
ROWS = """
    select
        'messages:email:' || n as interaction_id,
        'c_' || left(md5((n % 500000)::text), 20) as customer_id,
        'v_' || left(md5((n / 3)::text), 20) as conversation_id,
        'email' as source_name,
        (array['email', 'phone', 'store', 'social'])[1 + n % 4] as channel,
        case when n % 3 = 0 then 'outbound' else 'inbound' end as direction,
        n % 5 = 0 as is_public,
        timestamptz '2025-01-01 00:00+00' + n * interval '15 seconds' as occurred_at,
        null::timestamptz as ended_at,
        'agent ' || n % 97 as agent_id,
        case when n % 11 = 0 then n % 5 end as rating,
        (n % 1000) / 7::numeric as amount,
        'EUR' as currency_code,
        md5(n::text) || md5((n + 1)::text) as body
    from generate_series(1, {rows}) as n
"""


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--share", type=float, default=0.01, help="of the rows that change")
    arguments = parser.parse_args()
    with bench_database("publish") as settings:
        (settings.project_dir / "dbt_project.yml").touch()
        print(json.dumps(measure(settings, arguments.rows, arguments.share), indent=2))


def measure(settings: Settings, rows: int, share: float) -> dict[str, object]:
    """Publish four times, a reader polling, and return the figures."""
    with db.connect(settings) as connection:
        names = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        connection.execute(f"create table marts_build.interactions ({names}, primary key (interaction_id))")
        connection.execute(f"insert into marts_build.interactions {ROWS.format(rows=rows)}")
        size = connection.execute("select pg_total_relation_size('marts_build.interactions')").fetchone()
        version = connection.execute("show server_version").fetchone()
    step = max(1, round(1 / share))
    figures: dict[str, object] = {
        "rows": rows,
        "columns": len(COLUMNS),
        "megabytes": round((size or [0])[0] / 1e6),
        "server_version": (version or [""])[0],
        "cpu_count": os.cpu_count(),
    }
    for name, change in (
        ("first", "select 1"),
        (
            "changed",
            f"update marts_build.interactions set amount = coalesce(amount, 0) + 1 "
            f"where hashtext(interaction_id) % {step} = 0",
        ),
        (
            "new_and_gone",
            f"delete from marts_build.interactions where hashtext(interaction_id) % {2 * step} = 1; "
            "insert into marts_build.interactions (interaction_id, body) "
            f"select 'new ' || n, 'x' from generate_series(1, {rows // (2 * step)}) as n",
        ),
        ("nothing_new", "select 1"),
    ):
        figures[name] = publication(settings, change)
    return figures


def publication(settings: Settings, change: str) -> dict[str, object]:
    """Change what was built, publish it, and return its seconds, rows and a reader's longest wait."""
    build_id = builds.start_build(settings).build_id
    with db.connect(settings, autocommit=True) as connection:
        connection.execute(change)
        connection.execute("vacuum analyze marts_build.interactions")
        connection.execute(
            "insert into ops.build_marts values (%s, %s, %s)",
            (build_id, MART.relation, json.dumps(MART.as_json())),
        )
    waits: list[float] = []
    is_over = threading.Event()
    reader = threading.Thread(target=read, args=(settings, waits, is_over))
    reader.start()
    started = time.monotonic()
    try:
        done = flow.publish(settings, build_id, apply_identity=lambda *_: None)
        seconds = time.monotonic() - started
    finally:
        is_over.set()
        reader.join()
    changes = done.changes[0]
    return {
        "transaction_seconds": round(done.seconds, 2),
        "seconds_with_statistics": round(seconds, 2),
        "inserted": changes.inserted,
        "updated": changes.updated,
        "deleted": changes.deleted,
        "longest_read_milliseconds": round(max(waits, default=0) * 1000),
    }


def read(settings: Settings, waits: list[float], is_over: threading.Event) -> None:
    """Look up one row again and again, and keep how long each took."""
    with db.connect(settings, autocommit=True) as connection:
        while not is_over.is_set():
            exists = connection.execute("select to_regclass('marts.interactions') is not null").fetchone()
            if exists and exists[0]:
                started = time.monotonic()
                connection.execute(
                    "select * from marts.interactions where interaction_id = 'messages:email:77'"
                ).fetchall()
                waits.append(time.monotonic() - started)
            time.sleep(0.01)


if __name__ == "__main__":
    main()
