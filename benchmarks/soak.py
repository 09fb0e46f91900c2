"""A soak: three simulated days under a real scheduler, with what goes wrong in a night, and nobody there.

    make soak                              three days of ten minutes, 500 customers: 40 minutes in all
    make soak ARGS='--day-seconds 150 --customers 120'

`cercle up` runs over a home made anew. A retailer's history lands, then every day a delivery of each source. On day 1
one file arrives torn; it comes mended on day 3. On day 2 one source is silent, and the scheduler is killed (-9) while
a build is at work; on day 3 the database is (an immediate stop). At the end of each day an undisturbed `cercle run`
over the same files, in a home of its own, says what the marts must be. The soak touches nothing but the landing folder
and what it kills: whatever is right at the end was mended without a hand. Exit code 1 when a claim does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from soak_judge import judge, render
from soak_plan import Plan
from soak_story import Soak

__all__ = ["main"]

CERCLE = str(Path(sys.executable).with_name("cercle"))


def main() -> None:
    """Run the soak, print its timeline and judgement as JSON, and as text to the standard error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--day-seconds", type=int, default=600)
    parser.add_argument("--customers", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", action="store_true", help="keep the folder, to look into what went wrong")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="cercle-soak-"))
    folder.chmod(0o755)
    environment = own_environment(folder / "home")
    os.environ.clear()
    os.environ.update(environment)
    try:
        told = Soak(folder, Plan(arguments.day_seconds, arguments.customers, arguments.seed), say=_say).run()
    finally:
        for home in ("home", "undisturbed"):
            subprocess.run(
                [CERCLE, "down"], env=own_environment(folder / home), capture_output=True, check=False
            )
        if arguments.keep:
            _say(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    judgement = judge(told)
    print(json.dumps({**told.document(), "judgement": judgement}, indent=2, default=str))
    _say(render(told, judgement))
    sys.exit(0 if all(judgement.values()) else 1)


def own_environment(home: Path) -> dict[str, str]:
    """Return the variables of a home that knows of no other."""
    plain = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CERCLE_", "DBT_", "PG", "AIRFLOW"))
    }
    return {**plain, "CERCLE_HOME": str(home)}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
