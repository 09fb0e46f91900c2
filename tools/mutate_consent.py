"""Breaks each rule of consent on purpose, one at a time, and asks the scenarios whether they notice.

The changes are in consent_mutations.yml. Nothing of the working tree is touched: macros are rendered from a changed
copy, modules run from changed text. Exits 1 when a change survives. `--only R9` tries one rule.
"""

from __future__ import annotations

import argparse
import inspect
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "python"))

from cercle import db, server  # noqa: E402
from cercle.errors import CercleError  # noqa: E402
from cercle.privacy import rendering, simulation  # noqa: E402
from cercle.privacy.scenarios import read_scenarios  # noqa: E402
from cercle.settings import Settings  # noqa: E402
from consent_oracle import World  # noqa: E402
from consent_worlds import random_scenario  # noqa: E402
from test_privacy_scenarios import NOTICE, WORLDS  # noqa: E402

SEED = 20261122
RANDOM_WORLDS = 200
# R13: an hour is more than a quarter of one.
STALE = {
    "id": "stale",
    "kind": "export",
    "rows": [],
    "export_at": "2026-03-01T10:00:00Z",
    "ledger_watermark": "2026-03-01T09:00:00Z",
    "max_lag_minutes": 15,
    "expect": {"blocked": True},
}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def main() -> int:
    """Tries the changes; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="One rule, as R9.")
    only = parser.parse_args().only
    text = (ROOT / "tools" / "consent_mutations.yml").read_text(encoding="utf-8")
    mutations = [each for each in yaml.safe_load(text) if only in (None, each["rule"])]
    survivors = []
    with _database() as connection:
        if (noticed := _noticed(connection)) is not None:
            print(f"The rules as they stand are already wrong: {noticed}")
            return 1
        for mutation in mutations:
            began = time.monotonic()
            with _broken(mutation):
                noticed = _noticed(connection)
            seconds = time.monotonic() - began
            name = f"{mutation['rule']}: {mutation['claim']}"
            print(
                f"{'survived' if noticed is None else 'caught  '} {seconds:5.1f} s  {name}  [{noticed or ''}]"
            )
            if noticed is None:
                survivors.append(name)
    print(f"{len(mutations) - len(survivors)} of {len(mutations)} changes were caught")
    return 1 if survivors else 0


@contextmanager
def _database() -> Iterator[psycopg.Connection]:
    """Yields a connection to a migrated database of a throw-away server."""
    home = Path(tempfile.mkdtemp(prefix="cercle-mutate-"))
    home.chmod(0o755)
    settings = Settings.from_env({"CERCLE_HOME": str(home)})
    try:
        server.start(settings, overrides=FAST)
        with db.connect(settings) as connection:
            db.migrate(connection)
            yield connection
    finally:
        server.destroy(settings)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _broken(mutation: dict[str, Any]) -> Iterator[None]:
    """Lets the product run with one change, and with those that `also` names: some rules stand twice."""
    with ExitStack() as stack:
        for change in (mutation, *mutation.get("also", [])):
            path = ROOT / change["file"]
            source = path.read_text(encoding="utf-8")
            if change["from"] not in source:
                raise SystemExit(f"{path.name} does not hold {change['from']!r}: mend consent_mutations.yml")
            changed = source.replace(change["from"], change["to"])
            broken = _changed_macro if path.suffix == ".sql" else _changed_module
            stack.enter_context(broken(path, changed))
        yield


@contextmanager
def _changed_macro(path: Path, changed: str) -> Iterator[None]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for macro in path.parent.glob("*.sql"):
            shutil.copyfile(macro, folder / macro.name)
        (folder / path.name).write_text(changed, encoding="utf-8")
        original = rendering._folder
        rendering._folder = lambda: folder
        rendering._macros.cache_clear()
        try:
            yield
        finally:
            rendering._folder = original
            rendering._macros.cache_clear()


@contextmanager
def _changed_module(path: Path, changed: str) -> Iterator[None]:
    """Runs the changed text in the module, and `simulation` again, which has its names."""
    relative = path.relative_to(ROOT / "src").with_suffix("")
    modules = [import_module(".".join(relative.parts)), simulation]
    sources = [path.read_text(encoding="utf-8"), inspect.getsource(simulation)]
    try:
        for module, text in zip(modules, (changed, sources[1]), strict=True):
            exec(compile(text, str(module.__file__), "exec"), module.__dict__)  # noqa: S102
        yield
    finally:
        for module, text in zip(modules, sources, strict=True):
            exec(compile(text, str(module.__file__), "exec"), module.__dict__)  # noqa: S102


def _noticed(connection: psycopg.Connection) -> str | None:
    """Returns what noticed the change first: an example, a world, the oracle, the database; None where nothing did."""
    try:
        return _different_world(connection) or _different_from_oracle(connection)
    except (psycopg.Error, CercleError) as error:
        connection.rollback()
        return type(error).__name__


def _different_world(connection: psycopg.Connection) -> str | None:
    written: list[Any] = [
        {"id": name, "kind": "effective_state", "notices": [NOTICE], **world}
        for name, world in WORLDS.items()
    ]
    examples = read_scenarios(ROOT / "tests" / "python" / "fixtures" / "consent_scenarios.json")
    for check in simulation.simulate(connection, [*examples, *written, STALE]):
        if not check.is_as_expected:
            return str(check.answer["id"])
    return None


def _different_from_oracle(connection: psycopg.Connection) -> str | None:
    rng = random.Random(SEED)  # noqa: S311
    worlds = {
        world["id"]: world for world in (random_scenario(rng, number) for number in range(RANDOM_WORLDS))
    }
    oracles = {name: World(world) for name, world in worlds.items()}
    for check in simulation.simulate(connection, list(worlds.values())):
        name, number = check.answer["id"], check.answer["query"]
        if not oracles[name].is_tied:
            expected = oracles[name].decide(worlds[name]["queries"][number])
            if expected != (check.answer["decision"], check.answer["reason"]):
                return f"the oracle, world {name}, seed {SEED}"
    return None


if __name__ == "__main__":
    sys.exit(main())
