"""Measures the customers against a known truth: pairs of records, and B-cubed. For tests and benchmarks alone."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg

from cercle.errors import CercleError

__all__ = ["Evaluation", "compare", "evaluate"]

TRUTH_FILE = "record_people.csv"


@dataclass(frozen=True)
class Evaluation:
    """How well the customers match the people.

    Attributes:
        precision: share of the pairs of records of one customer that are of one person.
        recall: share of the pairs of records of one person that are of one customer.
        f1: harmonic mean of the two.
        bcubed_precision: per record, the share of its customer's records that are of its person; the mean.
        bcubed_recall: per record, the share of its person's records that are of its customer; the mean.
        bcubed_f1: harmonic mean of the two.
        pairs: found (of one customer), true (of one person), right (both).
        record_count: records compared.
        person_count: people that they belong to.
        customer_count: customers that they belong to; a record without customer counts as one of its own.
        largest_customer: records of the customer that has most.
    """

    precision: float
    recall: float
    f1: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float
    pairs: Mapping[str, int]
    record_count: int
    person_count: int
    customer_count: int
    largest_customer: int

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as a dictionary."""
        return asdict(self)


def evaluate(
    connection: psycopg.Connection[Any], truth_dir: Path | str, profiles_only: bool = True
) -> Evaluation:
    """Compare the published customers with the people of a simulated world.

    Args:
        connection: to a warehouse that was published at least once.
        truth_dir: folder with record_people.csv (record_key, person_id, is_profile).
        profiles_only: compare register entries alone (customers, accounts), else every record.

    Raises:
        CercleError: the file is missing or has no such columns.
    """
    truth = read_truth(Path(truth_dir), profiles_only)
    found = dict(
        connection.execute(
            "select record_key, customer_id from identity.record_customers where known_to = 'infinity'"
        ).fetchall()
    )
    return compare(truth, found)


def compare(truth: Mapping[str, str], found: Mapping[str, str]) -> Evaluation:
    """Compare two partitions of the records of `truth`.

    Args:
        truth: record to person.
        found: record to customer; records that are not in `truth` do not count.
    """
    customers = {record: found.get(record, f"record {record}") for record in truth}
    by_person = Counter(truth.values())
    by_customer = Counter(customers.values())
    by_both = Counter((truth[record], customers[record]) for record in truth)
    pairs = {
        "found": _pair_count(by_customer.values()),
        "true": _pair_count(by_person.values()),
        "right": _pair_count(by_both.values()),
    }
    precision = _share(pairs["right"], pairs["found"])
    recall = _share(pairs["right"], pairs["true"])
    size = len(truth)
    bcubed_precision = _share(
        sum(n * n / by_customer[customer] for (_, customer), n in by_both.items()), size
    )
    bcubed_recall = _share(sum(n * n / by_person[person] for (person, _), n in by_both.items()), size)
    return Evaluation(
        precision=precision,
        recall=recall,
        f1=_harmonic_mean(precision, recall),
        bcubed_precision=bcubed_precision,
        bcubed_recall=bcubed_recall,
        bcubed_f1=_harmonic_mean(bcubed_precision, bcubed_recall),
        pairs=pairs,
        record_count=size,
        person_count=len(by_person),
        customer_count=len(by_customer),
        largest_customer=max(by_customer.values(), default=0),
    )


def read_truth(truth_dir: Path, profiles_only: bool = True) -> dict[str, str]:
    """Return record to person; records of no person (an anonymous receipt, the brand's own account) are left out.

    Args:
        truth_dir: folder with record_people.csv.
        profiles_only: register entries alone.

    Raises:
        CercleError: the file is missing or has other columns.
    """
    path = truth_dir / TRUTH_FILE
    if not path.is_file():
        raise CercleError(
            "There is no truth to compare with",
            where=str(path),
            remedy="Name the folder `truth` that cercle simulate wrote",
        )
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        wanted = {"record_key", "person_id", "is_profile"}
        if not wanted <= set(reader.fieldnames or ()):
            raise CercleError(
                f"The truth lacks columns: {', '.join(sorted(wanted - set(reader.fieldnames or ())))}",
                where=str(path),
            )
        return {
            row["record_key"]: row["person_id"]
            for row in reader
            if row["person_id"] and (not profiles_only or row["is_profile"].lower() in {"true", "t", "1"})
        }


def _pair_count(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)


def _share(part: float, whole: float) -> float:
    """Nothing found among nothing is no error."""
    return part / whole if whole else 1.0


def _harmonic_mean(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0
