"""Measures `make run`: a first run, one with nothing new, one with 1 % new rows; seconds as JSON, with the load.

    make bench-run                      5,000 customers, seed 7, in a folder of its own that is removed afterwards
    make bench-run ARGS='--customers 500 --repeat 3'

Each run is `cercle demo` in a process of its own, timed from outside: what a person waits.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

CERCLE = str(Path(sys.executable).with_name("cercle"))
BARS = {"first": 180, "nothing new": 45, "1 % new": 60}


def main() -> None:
    """Measure, and print one JSON document; exit with 1 when a median misses its bar."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--repeat", type=int, default=1, help="warehouses made anew; medians are taken")
    arguments = parser.parse_args()
    runs: dict[str, list[float]] = {name: [] for name in BARS}
    steps: dict[str, dict[str, float]] = {}
    for _ in range(arguments.repeat):
        folder = Path(tempfile.mkdtemp(prefix="cercle-bench-"))
        folder.chmod(0o755)
        try:
            for name, seconds, found in _measure(folder, arguments.customers, arguments.seed):
                runs[name].append(seconds)
                steps[name] = found["seconds"]
        finally:
            subprocess.run([CERCLE, "db", "stop"], env=_environment(folder), capture_output=True, check=False)
            shutil.rmtree(folder, ignore_errors=True)
    medians = {name: round(median(seconds), 1) for name, seconds in runs.items()}
    document = {
        "customers": arguments.customers,
        "seed": arguments.seed,
        "load_average": os.getloadavg()[0],
        "seconds": runs,
        "medians": medians,
        "bars": BARS,
        "steps_of_the_last": steps,
    }
    print(json.dumps(document, indent=2))
    sys.exit(any(medians[name] > bar for name, bar in BARS.items()))


def _measure(folder: Path, customers: int, seed: int) -> list[tuple[str, float, dict[str, Any]]]:
    simulated, home = folder / "simulated", folder / "home"
    world = ["--customers", str(customers), "--seed", str(seed)]
    subprocess.run(
        [CERCLE, "simulate", *world, "--increment-days", "3.65", "--out", str(simulated)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    for part in ("landing", "truth"):
        shutil.copytree(simulated / part, home / "world" / part)
    measured = []
    for name in BARS:
        if name == "1 % new":
            shutil.copytree(simulated / "landing_next", home / "world" / "landing", dirs_exist_ok=True)
        begin = time.monotonic()
        done = subprocess.run(
            [CERCLE, "demo", "--json", *world], env=_environment(folder), stdout=subprocess.PIPE, check=True
        )
        measured.append((name, round(time.monotonic() - begin, 1), json.loads(done.stdout)))
        print(f"{name}: {measured[-1][1]} s", file=sys.stderr)
    return measured


def _environment(folder: Path) -> dict[str, str]:
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(("CERCLE_", "DBT_", "PG"))
    }
    return {**plain, "CERCLE_HOME": str(folder / "home")}


if __name__ == "__main__":
    main()
