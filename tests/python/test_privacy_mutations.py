"""Each rule of consent is broken on purpose, one change at a time, and the scenarios must notice.

The changes are in fixtures/consent_mutations.yml. Nothing of the working tree is touched: macros are rendered from a
changed copy, modules run from changed text.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from cercle import db
from cercle.errors import CercleError
from cercle.paths import package_root
from cercle.privacy import rendering, simulation
from cercle.privacy.scenarios import read_scenarios
from cercle.settings import Settings
from consent_oracle import World
from consent_worlds import random_scenario
from test_privacy_scenarios import NOTICE, WORLDS

FIXTURES = Path(__file__).parent / "fixtures"
MUTATIONS: list[dict[str, Any]] = yaml.safe_load(
    (FIXTURES / "consent_mutations.yml").read_text(encoding="utf-8")
)
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


@pytest.fixture(scope="module")
def ledger(make_lasting_database: Callable[..., Settings]) -> Iterator[psycopg.Connection]:
    """A connection to a migrated database, in which simulations leave nothing behind."""
    with db.connect(make_lasting_database()) as connection:
        yield connection


def test_every_rule_is_broken_at_least_once() -> None:
    assert {f"R{number}" for number in range(1, 14)} <= {mutation["rule"] for mutation in MUTATIONS}


def test_nothing_is_noticed_while_the_rules_stand(ledger: psycopg.Connection, tmp_path: Path) -> None:
    """Nor when every file is replaced by its own text: it is the changes that are noticed."""
    assert _noticed(ledger) is None
    files = sorted({change["file"] for mutation in MUTATIONS for change in _changes(mutation)})
    modules = [{"file": file, "from": "", "to": ""} for file in files if file.endswith(".py")]
    [macro, *_] = [{"file": file, "from": "", "to": ""} for file in files if file.endswith(".sql")]
    with _broken({**macro, "also": modules}, tmp_path):
        assert _noticed(ledger) is None


@pytest.mark.parametrize(
    "mutation", MUTATIONS, ids=lambda mutation: f"{mutation['rule']}: {mutation['claim']}"
)
def test_a_broken_rule_is_noticed(
    mutation: dict[str, Any], ledger: psycopg.Connection, tmp_path: Path
) -> None:
    with _broken(mutation, tmp_path):
        assert _noticed(ledger) is not None


def _changes(mutation: dict[str, Any]) -> list[dict[str, Any]]:
    return [mutation, *mutation.get("also", [])]


@contextmanager
def _broken(mutation: dict[str, Any], folder: Path) -> Iterator[None]:
    """Let the product run with one change, and with those that `also` names: some rules stand twice."""
    with ExitStack() as stack:
        for change in _changes(mutation):
            path = package_root() / change["file"]
            source = path.read_text(encoding="utf-8")
            assert change["from"] in source, f"{path.name} has changed: mend consent_mutations.yml"
            changed = source.replace(change["from"], change["to"])
            if path.suffix == ".sql":
                stack.enter_context(_changed_macro(path, changed, folder))
            else:
                stack.enter_context(_changed_module(path, changed))
        yield


@contextmanager
def _changed_macro(path: Path, changed: str, folder: Path) -> Iterator[None]:
    for macro in path.parent.glob("*.sql"):
        if not (folder / macro.name).exists():  # another change of this mutation stands there already
            shutil.copyfile(macro, folder / macro.name)
    (folder / path.name).write_text(changed, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "_folder", lambda: folder)
        rendering._environment.cache_clear()
        try:
            yield
        finally:
            rendering._environment.cache_clear()


@contextmanager
def _changed_module(path: Path, changed: str) -> Iterator[None]:
    """Run the changed text in the module, and in `simulation` what it imports from it."""
    relative = path.relative_to(package_root() / "src").with_suffix("")
    module = import_module(".".join(relative.parts))
    before = dict(module.__dict__)
    try:
        exec(compile(changed, str(path), "exec"), module.__dict__)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in before.items():
                if getattr(simulation, name, None) is value and not name.startswith("__"):
                    patch.setattr(simulation, name, module.__dict__[name])
            yield
    finally:
        module.__dict__.clear()
        module.__dict__.update(before)


def _noticed(connection: psycopg.Connection) -> str | None:
    """Return what noticed a change first: an example, a world, the oracle, the database; None where nothing did."""
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
    examples = read_scenarios(FIXTURES / "consent_scenarios.json")
    for check in simulation.simulate(connection, [*examples, *written, STALE]):
        if not check.is_as_expected:
            return str(check.answer["id"])
    return None


def _different_from_oracle(connection: psycopg.Connection) -> str | None:
    rng = random.Random(SEED)
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
