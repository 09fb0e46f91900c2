"""Measures the loader: rows per second into raw with every check on, as a share of a bare COPY of the same file.

    .venv/bin/python benchmarks/bench_load.py --rows 100000

The rows are contacts by web form, chat and letter: 24 columns, a text with commas, quotes or umlauts in every second,
`--people` distinct mailboxes and telephone numbers, of which a tenth is not yet known. Each way to load is measured
`--times` times into emptied tables, beside the bare COPY; medians count. `--large` also loads a file of so many
megabytes and tells the memory. It prints JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pandas
import pyarrow as pa
from bench_database import bench_database
from pyarrow import parquet

from cercle import db
from cercle.contracts import Entity
from cercle.load import load_file
from cercle.load.loader import loading_connection
from cercle.load.opening import file_sha256
from cercle.load.raw_tables import ensure_raw_tables
from cercle.settings import Settings
from cercle.sources import Source, get_source

ENTITY = "contacts"
SEED = 20261122
BODIES = (
    "Bonjour, ma commande n'est pas arrivée; pouvez-vous vérifier ?",
    'She wrote "urgent", twice, and nobody answered.',
    "Merci",
    "Where can I change my address",
    "Je souhaite recevoir une facture au nom de mon entreprise",
    "Retour demandé",
)
START = datetime(2025, 1, 1, tzinfo=UTC)


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=50_000, help="distinct mailboxes and numbers")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--days", type=int, default=305, help="daily files of the same rows")
    parser.add_argument(
        "--large", type=int, default=0, help="megabytes of a file whose peak of memory is told"
    )
    arguments = parser.parse_args()
    with bench_database("load") as settings:
        print(json.dumps(measure(settings, arguments), indent=2))


def measure(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return all figures."""
    source = get_source(settings, "contact")
    entity = source.plugin.contract.entity(ENTITY)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the server's account reads it too
        files = Files(Path(folder), entity, arguments)
        bench = Bench(settings, source, entity, files, arguments.times)
        figures: dict[str, Any] = {
            "rows": arguments.rows,
            "people": arguments.people,
            "times": arguments.times,
            "cpu_count": os.cpu_count(),
            "megabytes": {path.suffix[1:]: round(path.stat().st_size / 1e6, 1) for path in files.whole},
        }
        figures |= {path.suffix[1:]: bench.share(path) for path in files.whole}
        figures["pandas_parser"] = bench.parser()
        figures["known"] = bench.known()
        figures["daily"] = bench.daily()
        if arguments.large:
            figures["large"] = bench.large(arguments.large)
    return figures


class Files:
    """The files of the benchmark."""

    def __init__(self, folder: Path, entity: Entity, arguments: argparse.Namespace) -> None:
        self.folder = folder
        self.names = [column.name for column in entity.columns]
        known = arguments.people * 9 // 10
        self.earlier = folder / "earlier.csv"
        write_csv(self.earlier, self.names, rows(self.names, arguments.people, known, "earlier"))
        everything = list(rows(self.names, arguments.rows, arguments.people, "new"))
        self.whole = [folder / f"contacts.{suffix}" for suffix in ("csv", "jsonl", "parquet")]
        write_csv(self.whole[0], self.names, everything)
        write_jsonl(self.whole[1], self.names, everything)
        write_parquet(self.whole[2], self.names, everything)
        self.overlapping = folder / "overlapping.csv"
        fresh = rows(self.names, max(1, arguments.rows // 100), arguments.people, "fresh")
        write_csv(self.overlapping, self.names, [*everything[arguments.rows // 100 :], *fresh])
        self.days = [folder / f"day-{day:03}.csv" for day in range(arguments.days)]
        step = -(-len(everything) // arguments.days)
        for day, path in enumerate(self.days):
            write_csv(path, self.names, everything[day * step : (day + 1) * step])


def rows(names: list[str], count: int, people: int, prefix: str) -> Iterator[list[str | None]]:
    """Yield made-up contacts; the same on every call."""
    chance = random.Random(SEED)  # noqa: S311
    for number in range(count):
        person = number if number < people else chance.randrange(people)
        row = {
            "contact_id": f"{prefix}-{number:08}",
            "occurred_at": (START + timedelta(seconds=17 * number)).isoformat().replace("+00:00", "Z"),
            "channel": ("web_form", "chat", "letter")[number % 3],
            "direction": "inbound" if number % 4 else "outbound",
            "customer_ref": f"C{person:07}" if number % 5 else None,
            "first_name": f"Prénom{person % 997}",
            "last_name": f"Nom{person % 4999}",
            "email": f"personne.{person}@exemple.fr",
            "phone": f"+336{person:08}" if person % 2 else f"06{person:08}",
            "postcode": f"{1000 + person % 90000:05}",
            "city": ("Lyon", "Paris", "Saint-Étienne", "Lille")[person % 4],
            "thread_id": f"T{number // 3}",
            "subject": f"Demande {number % 1000}",
            "body": BODIES[number % len(BODIES)],
            "language": "fr",
            "is_automatic": "false",
            "agent_id": f"A{number % 40}",
        }
        yield [row.get(name) for name in names]


def write_csv(path: Path, names: list[str], items: Any) -> None:
    """Write rows as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(items)


def write_jsonl(path: Path, names: list[str], items: list[list[str | None]]) -> None:
    """Write rows as JSON lines."""
    with path.open("wb") as file:
        for item in items:
            file.write(orjson.dumps(dict(zip(names, item, strict=True))) + b"\n")


def write_parquet(path: Path, names: list[str], items: list[list[str | None]]) -> None:
    """Write rows as Parquet: texts as texts, times as times."""
    columns = dict(zip(names, map(list, zip(*items, strict=True)), strict=True))
    table = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    table["occurred_at"] = table["occurred_at"].cast(pa.timestamp("us", "UTC"))
    table["is_automatic"] = table["is_automatic"].cast(pa.bool_())
    parquet.write_table(pa.table(table), path)


class Bench:
    """Loads files, each time into emptied tables."""

    def __init__(self, settings: Settings, source: Source, entity: Entity, files: Files, times: int) -> None:
        self.settings, self.source, self.entity, self.files, self.times = (
            settings,
            source,
            entity,
            files,
            times,
        )
        with db.connect(settings) as connection:
            ensure_raw_tables(connection, [source.plugin.contract])
            typed = ", ".join(f"{column.name} {column.data_type}" for column in entity.columns)
            connection.execute(f"create table public.bare ({typed})")
            connection.execute("create table public.bare_json (item jsonb)")
            connection.commit()

    def prepare(self) -> None:
        """Empty the tables, and load what makes nine tenths of the values known."""
        with db.connect(self.settings, autocommit=True) as connection:
            filled = (
                f"raw.{self.entity.relation}, public.bare, public.bare_json, ops.loads, ops.normalised_values"
            )
            connection.execute(f"truncate {filled} cascade")
            connection.execute("checkpoint")
        self.load(self.files.earlier)

    def load(self, path: Path) -> Any:
        """Load a file; every row of it must be accounted for."""
        result = load_file(self.settings, self.source, path, ENTITY)
        states = result.stored_count + result.known_count + result.rejected_count + result.suppressed_count
        assert result.state == "skipped" or result.read_count == states, result
        return result

    def bare(self, path: Path) -> float:
        """Seconds of a COPY by the server itself, which must be able to read the file."""
        target, options = "public.bare", "format csv, header"
        if path.suffix == ".jsonl":  # one value per line, under signs that JSON text does not have
            target, options = "public.bare_json", "format csv, delimiter e'\\x02', quote e'\\x01'"
        readable = self.files.whole[0] if path.suffix == ".parquet" else path
        with db.connect(self.settings) as connection:
            started = time.perf_counter()
            with connection.transaction():
                connection.execute(f"copy {target} from '{readable}' with ({options})")
            return time.perf_counter() - started

    def share(self, path: Path) -> dict[str, float]:
        """Load and bare COPY by turns; medians, and their proportion."""
        loads, bares = [], []
        for _ in range(self.times):
            self.prepare()
            bares.append(self.bare(path))
            started = time.perf_counter()
            result = self.load(path)
            loads.append(time.perf_counter() - started)
            assert result.rejected_count == 0, result.reasons
        return figures_of(loads, bares, result.read_count)

    def parser(self) -> dict[str, float]:
        """A vendor's pandas parser through the loader, beside the same frames written as CSV into a COPY."""
        plugin = replace(self.source.plugin, parsers={ENTITY: frames})
        parsed = replace(self.source, plugin=plugin)
        loads, bares = [], []
        for _ in range(self.times):
            self.prepare()
            with db.connect(self.settings) as connection, self.files.whole[0].open("rb") as stream:
                started = time.perf_counter()
                with (
                    connection.cursor() as cursor,
                    cursor.copy("copy public.bare from stdin (format csv)") as copy,
                ):
                    for frame in frames(stream):
                        copy.write(frame.to_csv(index=False, header=False))
                connection.commit()
                bares.append(time.perf_counter() - started)
            started = time.perf_counter()
            result = load_file(self.settings, parsed, self.files.whole[0], ENTITY)
            loads.append(time.perf_counter() - started)
            assert result.rejected_count == 0, result.reasons
        return figures_of(loads, bares, result.read_count)

    def known(self) -> dict[str, Any]:
        """A file that was loaded; one of which 99 % of the rows were."""
        self.prepare()
        self.load(self.files.whole[0])
        hashing, skipping = [], []
        for _ in range(self.times):
            started = time.perf_counter()
            file_sha256(self.files.whole[0])
            hashing.append(time.perf_counter() - started)
            started = time.perf_counter()
            assert self.load(self.files.whole[0]).state == "skipped"
            skipping.append(time.perf_counter() - started)
        started = time.perf_counter()
        result = self.load(self.files.overlapping)
        return {
            "skip_seconds_beside_hashing": round(statistics.median(skipping) - statistics.median(hashing), 3),
            "overlapping_seconds": round(time.perf_counter() - started, 2),
            "overlapping_known": result.known_count,
            "overlapping_stored": result.stored_count,
        }

    def daily(self) -> dict[str, float]:
        """The rows as daily files, in one process, and as one file."""
        self.prepare()
        started = time.perf_counter()
        with loading_connection(self.settings) as connection:
            for path in self.files.days:
                load_file(self.settings, self.source, path, ENTITY, connection=connection)
        daily = time.perf_counter() - started
        self.prepare()
        started = time.perf_counter()
        self.load(self.files.whole[0])
        whole = time.perf_counter() - started
        share = round(daily / whole, 2)
        return {"files": len(self.files.days), "seconds": round(daily, 2), "per_row_of_one_file": share}

    def large(self, megabytes: int) -> dict[str, float]:
        """Peak memory of a process that loads a large file."""
        path = self.files.folder / "large.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(self.files.names)
            for item in rows(self.files.names, 1 << 40, 50_000, "large"):
                writer.writerow(item)
                if file.tell() >= megabytes << 20:
                    break
        self.prepare()
        own = {"CERCLE_DSN": str(self.settings.dsn), "CERCLE_HMAC_KEYS": str(self.settings.hmac_spec)}
        started = time.perf_counter()
        answer = subprocess.run(
            [sys.executable, "-c", LARGE, str(path)],
            env=os.environ | own,
            check=True,
            capture_output=True,
            text=True,
        )
        kilobytes, count = map(int, answer.stdout.split())
        seconds = time.perf_counter() - started
        peak = kilobytes // 1024
        return {"megabytes": megabytes, "rows": count, "seconds": round(seconds, 1), "peak_megabytes": peak}


LARGE = """
import resource, sys
from pathlib import Path
from cercle.load import load_file
from cercle.settings import Settings
result = load_file(Settings.from_env(), "contact", Path(sys.argv[1]), "contacts")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, result.stored_count)
"""


def frames(stream: Any, context: Any = None) -> Iterator[pandas.DataFrame]:
    """Parse as vendors' parsers do: pandas, in chunks, texts as they stand."""
    yield from pandas.read_csv(stream, dtype=str, chunksize=20_000, keep_default_na=False, na_values=[""])


def figures_of(loads: list[float], bares: list[float], count: int) -> dict[str, float]:
    """Medians of seconds, rows per second, and the share of the bare COPY's rate."""
    load, bare = statistics.median(loads), statistics.median(bares)
    return {
        "seconds": round(load, 2),
        "rows_per_second": round(count / load),
        "bare_copy_seconds": round(bare, 2),
        "share": round(bare / load, 3),
    }


if __name__ == "__main__":
    main()
