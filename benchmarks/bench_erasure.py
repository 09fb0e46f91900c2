"""Measures an erasure in a large world: the deed, all files once more, the search for what is left; seconds as JSON.

    make bench-erasure                                  100,000 customers; half an hour, most of it to make the world
    make bench-erasure ARGS='--customers 500'
    make bench-erasure ARGS='--home FOLDER'             a world that stands: once made there, it is only erased from

The customer with the most records is erased. Then every file of the landing folder arrives again, with other bytes
and the person's values in other spellings, and `cercle privacy verify` searches the database and its pg_dump for
them. What the tombstones cost each load afterwards is measured on a small world, loaded with and without one.
It exits with 1 when the erasure takes longer than its bar or anything of the person is found.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench_database import bench_database

from cercle import db, server
from cercle.load.landing import load_landing
from cercle.load.raw_tables import ensure_raw_tables
from cercle.project import create_project
from cercle.settings import Settings
from cercle.sources import all_contracts

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "python"))
from projects import deliver_again

CERCLE = str(Path(sys.executable).with_name("cercle"))
BAR = 30
UNTIL = "2026-10-31T23:00:00+00:00"
SMALL_WORLD = 5000
_VALUES = """
    select case identifier_type when 'email' then 'email:' when 'phone' then 'tel:' else '' end
        || case when identifier_type in ('email', 'phone') then identifier_value
            else regexp_replace(identifier_value, '^.*:', '') end
    from marts.customer_identifiers
    where customer_id = %s and not is_shared and identifier_type in ('email', 'phone', 'customer_ref', 'loyalty_id')
"""


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--home", type=Path, help="where the world is made, and kept")
    arguments = parser.parse_args()
    with _home(arguments.home) as home:
        document = _measure(home, arguments.customers, arguments.seed)
    print(json.dumps(document, indent=2))
    sys.exit(document["seconds"]["erasure"] > BAR or document["found"] != [])


@contextmanager
def _home(given: Path | None) -> Iterator[Path]:
    """A folder that lasts when it was given, else one that goes with its server."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="cercle-bench-") as folder:
        Path(folder).chmod(0o755)
        try:
            yield Path(folder)
        finally:
            server.destroy(replace(Settings.from_env(), home=Path(folder), dsn=None))


def _measure(home: Path, customers: int, seed: int) -> dict[str, Any]:
    settings = replace(Settings.from_env({"CERCLE_HOME": str(home)}), landing_dir=home / "world" / "landing")
    seconds: dict[str, float] = {}
    if not settings.landing_dir.exists():
        begin = time.monotonic()
        world = ["--customers", str(customers), "--seed", str(seed), "--out", str(home / "world")]
        _cercle(settings, "simulate", *world)
        _cercle(settings, "run", "--landing", str(settings.landing_dir), "--as-of", UNTIL)
        seconds["the world, made and published"] = round(time.monotonic() - begin, 1)
    customer_id, record_count, values = _someone(settings)

    begin = time.monotonic()
    erased = json.loads(
        _cercle(settings, "privacy", "erase", "--customer", customer_id, "--reason", "A benchmark.", "--json")
    )
    seconds["erasure"] = round(time.monotonic() - begin, 1)

    begin = time.monotonic()
    file_count = deliver_again(settings.landing_dir, values)
    load_landing(settings)
    seconds["all files once more"] = round(time.monotonic() - begin, 1)

    begin = time.monotonic()
    needles = home / "needles.txt"
    needles.write_text("\n".join(values), encoding="utf-8")
    found = json.loads(
        _cercle(settings, "privacy", "verify", "--dump", "--json", str(needles), may_differ=True)
    )
    needles.unlink()
    seconds["search of database and dump"] = round(time.monotonic() - begin, 1)
    return {
        "customers": customers,
        "seed": seed,
        "load_average": os.getloadavg()[0],
        "records of the person": record_count,
        "relations with a proof": len(erased["relations"]),
        "files": file_count,
        "values searched": len(values),
        "found": found["found"],
        "seconds": seconds,
        "bar": BAR,
        "seconds of a load of 5,000 customers": {
            "nobody erased": _load_seconds(has_tombstone=False),
            "somebody erased": _load_seconds(has_tombstone=True),
        },
    }


def _someone(settings: Settings) -> tuple[str, int, list[str]]:
    """The customer with the most records, how many they are, and what to search for."""
    with db.connect(settings) as connection:
        row = connection.execute(
            "select customer_id, record_count from marts.customer_360 order by record_count desc, customer_id limit 1"
        ).fetchone()
        assert row is not None
        return row[0], row[1], [value for (value,) in connection.execute(_VALUES, (row[0],)).fetchall()]


def _load_seconds(has_tombstone: bool) -> float:
    """Load a small world into an empty database, with a tombstone of somebody who is not in it, or with none."""
    with bench_database("erasure") as settings:
        create_project(settings)
        world = ["--customers", str(SMALL_WORLD), "--seed", "7", "--out", str(settings.home / "world")]
        _cercle(settings, "simulate", *world)
        with db.connect(settings) as connection:
            ensure_raw_tables(connection, all_contracts())
            if has_tombstone:
                connection.execute(
                    "insert into privacy.tombstones (key_version, kind, value_key, erased_at) "
                    "values (%s, 'email', repeat('0', 64), clock_timestamp())",
                    (settings.current_hmac_key()[0],),
                )
        begin = time.monotonic()
        load_landing(replace(settings, landing_dir=settings.home / "world" / "landing"))
        return round(time.monotonic() - begin, 1)


def _cercle(settings: Settings, *arguments: str, may_differ: bool = False) -> str:
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(("CERCLE_", "DBT_", "PG"))
    }
    done = subprocess.run(
        [CERCLE, *arguments],
        env={**plain, "CERCLE_HOME": str(settings.home)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode and not may_differ:
        raise SystemExit(f"cercle {arguments[0]} ended with {done.returncode}")
    return done.stdout


if __name__ == "__main__":
    main()
