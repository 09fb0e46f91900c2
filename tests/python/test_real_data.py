"""Two real data sets through the whole circle, by source plugins that live outside the package.

The data stands outside the repository (CERCLE_REAL_DATA, by default ../shared/data beside the checkout); where it is
absent these tests skip and say so.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import random
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from cercle.diff import diff_warehouses
from cercle.load import load_landing
from cercle.settings import Settings
from projects import land, make_project, query, run

REAL_DATA = Path(
    os.environ.get("CERCLE_REAL_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data"
)
CENT = Decimal("0.01")
SEED = 20111209


def folder(name: str) -> Path:
    """The folder of a data set, else skip the test."""
    found = REAL_DATA / name
    if not found.is_dir():
        pytest.skip(f"real data {name} is not at {REAL_DATA}; set CERCLE_REAL_DATA")
    return found


def csv_rows(paths: list[Path]) -> Iterator[dict[str, str]]:
    """The rows of CSV files, gzip or not."""
    for path in paths:
        content = path.read_bytes()
        text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
        yield from csv.DictReader(io.StringIO(text, newline=""))


def cents(value: Decimal) -> Decimal:
    """Round once, at the end, half up."""
    return value.quantize(CENT, ROUND_HALF_UP)


def test_complete_journey_loads_whole(database: Settings) -> None:
    data = folder("complete_journey")
    make_project(database, {"grocer": {"plugin": "complete_journey", "region": "US", "time_zone": "UTC"}})
    files = {
        "transactions": "transactions_sample.csv.gz",
        "products": "products.csv.gz",
        "demographics": "demographics.csv",
        "campaign_descriptions": "campaign_descriptions.csv",
        "campaigns": "campaigns.csv",
        "coupon_redemptions": "coupon_redemptions.csv",
    }
    for entity, name in files.items():
        land(database, "grocer", entity, [data / name])
    run(database)

    lines = list(csv_rows([data / files["transactions"]]))
    assert len(lines) == 75_000
    assert query(database, "select count(*) from marts.order_lines") == [(75_000,)]
    households = {line["household_id"] for line in lines}
    assert len(households) == 2_377
    buyers = query(database, "select count(*) from marts.customer_360 where order_count > 0")
    assert buyers == [(2_377,)]
    expected = cents(sum((Decimal(line["sales_value"]) for line in lines), Decimal(0)))
    [(total,)] = query(database, "select sum(line_amount) from marts.order_lines where currency_code = 'USD'")
    assert cents(total) == expected
    [(rejected,)] = query(database, "select sum(rejected_count) from ops.loads")
    assert rejected == 0
    [(touches,)] = query(database, "select count(*) from marts.campaign_touches")
    assert touches == 6_589 + 2_102


@pytest.mark.slow
@pytest.mark.timeout(1200)  # twelve builds
def test_uci_by_day_in_any_order(make_database: Callable[..., Settings]) -> None:
    """All 305 daily files in shuffled order, built at 10 random points, give the marts of one build in order."""
    days = sorted((folder("uci_online_retail") / "by-day").glob("*.csv.gz"))
    assert len(days) == 305
    shuffled = days[:]
    generator = random.Random(SEED)
    generator.shuffle(shuffled)
    stops = sorted(generator.sample(range(1, len(days)), 10))
    print(f"seed {SEED}, builds after {stops} files")

    scattered = uci_database(make_database)
    begin = 0
    for stop in [*stops, len(days)]:
        land(scattered, "shop", "lines", shuffled[begin:stop])
        run(scattered)
        begin = stop

    in_order = uci_database(make_database)
    land(in_order, "shop", "lines", days)
    run(in_order)

    difference = diff_warehouses(in_order, in_order.dsn or "", scattered.dsn or "")
    assert difference.is_same, [found.relation for found in difference.relations if not found.is_same]

    count, revenue, without_customer = 0, Decimal(0), 0
    for line in csv_rows(days):
        count += 1
        revenue += Decimal(line["Quantity"]) * Decimal(line["UnitPrice"])
        without_customer += not line["CustomerID"]
    assert (count, without_customer) == (541_909, 135_080)
    for warehouse in (in_order, scattered):
        [(read, stored, rejected)] = query(
            warehouse, "select sum(read_count), sum(stored_count), sum(rejected_count) from ops.loads"
        )
        assert (read, stored + rejected) == (count, count)
        [(lines, net, nobody)] = query(
            warehouse,
            "select count(*), sum(quantity * unit_price_amount), count(*) filter (where customer_id is null)"
            " from marts.order_lines",
        )
        assert (lines, nobody) == (count - rejected, without_customer)
        assert cents(net) == cents(revenue) == Decimal("9747747.93")


def uci_database(make_database: Callable[..., Settings]) -> Settings:
    """A fresh warehouse whose only further source is the shop."""
    settings = make_database()
    make_project(settings, {"shop": {"plugin": "uci_online_retail", "region": "GB", "time_zone": "UTC"}})
    return settings


def test_the_same_day_twice_is_known(database: Settings) -> None:
    """The same rows in another file, identical lines included, are known: none is stored twice, none is lost."""
    day = sorted((folder("uci_online_retail") / "by-day").glob("*.csv.gz"))[0]
    make_project(database, {"shop": {"plugin": "uci_online_retail", "region": "GB", "time_zone": "UTC"}})
    land(database, "shop", "lines", [day])
    [first] = load_landing(database)
    again = database.landing_dir / "shop" / "lines" / "again.csv"
    again.write_bytes(gzip.decompress(day.read_bytes()) + b"\n")
    [second] = [result for result in load_landing(database) if result.file != first.file]
    assert (second.stored_count, second.known_count) == (0, first.stored_count)
