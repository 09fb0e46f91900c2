"""Measures who is who against known truths: pairs of records and B-cubed, one default configuration for all sets; JSON.

    make bench-identity-accuracy                                   all sets; shared values with 1,000,000 records
    make bench-identity-accuracy ARGS='--customers 500 --seeds 1 3 --shared 0'
    make bench-identity-accuracy ARGS='--seeds --shared 0'         FEBRL alone
    make bench-identity-accuracy ARGS='--without-scores'           the rules alone

Every set enters through files, the loader and the models, as a customer's files would. It exits with 1 when a figure
misses its bar.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import replace
from typing import Any

from bench_database import bench_database
from identity_sets import LabelledSet, febrl, resolve, shared_values, simulated

from cercle.identity.evaluate import compare

# Least figures.
BARS: dict[str, dict[str, float]] = {
    "noise 1": {"precision": 0.998, "recall": 0.95},
    "noise 2": {"precision": 0.99, "recall": 0.90},
    "FEBRL3": {"f1": 0.998},
    "FEBRL4": {"f1": 0.999},
    "shared values": {"f1": 0.80, "bcubed_f1": 0.83},
}
# Most records of one customer.
LARGEST = {"shared values": 49}
_FIGURES = ("precision", "recall", "f1", "bcubed_precision", "bcubed_recall", "bcubed_f1")


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=5000)
    parser.add_argument(
        "--seeds", type=int, nargs="*", default=[7, 1, 3], help="of simulated worlds; none: no such world"
    )
    parser.add_argument("--noise", type=float, nargs="*", default=[1, 2])
    parser.add_argument(
        "--shared", type=int, default=1_000_000, help="records of a register full of shared values; 0: none"
    )
    parser.add_argument("--febrl", type=int, nargs="*", default=[3, 4], help="sets of FEBRL")
    parser.add_argument("--without-scores", action="store_true", help="the rules alone")
    arguments = parser.parse_args()
    sets = [
        simulated(arguments.customers, seed, noise) for noise in arguments.noise for seed in arguments.seeds
    ]
    if arguments.shared:
        sets.append(shared_values(arguments.shared, 7))
    sets += [febrl(number) for number in arguments.febrl]
    results = [_measure(each, not arguments.without_scores) for each in sets]
    print(json.dumps({"load_average": os.getloadavg()[0], "sets": results}, indent=2))
    sys.exit(not all(result["passes"] for result in results))


def _measure(labelled: LabelledSet, with_scores: bool) -> dict[str, Any]:
    begin = time.monotonic()
    with bench_database("identity") as database:
        settings = replace(database, landing_dir=database.home / "world" / "landing")
        truth = labelled.land(settings)
        found = compare(truth, resolve(settings, with_scores))
    figures = {name: round(getattr(found, name), 4) for name in _FIGURES}
    bars = next((bars for name, bars in BARS.items() if labelled.name.endswith(name)), {})
    most = next((most for name, most in LARGEST.items() if labelled.name.endswith(name)), found.record_count)
    result = {
        "set": labelled.name,
        "records": found.record_count,
        "people": found.person_count,
        "customers": found.customer_count,
        "largest customer": found.largest_customer,
        **figures,
        "bars": bars,
        "passes": all(figures[name] >= bar for name, bar in bars.items()) and found.largest_customer <= most,
        "seconds": round(time.monotonic() - begin, 1),
    }
    print(json.dumps(result), file=sys.stderr, flush=True)
    return result


if __name__ == "__main__":
    main()
