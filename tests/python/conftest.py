"""Fixtures shared by all Python tests: a throw-away server, a migrated database per test, the command."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from cercle import cli as cli_module
from cercle import db
from cercle import server as embedded
from cercle.settings import Settings
from projects import World, clone_world, land_next, make_world, run

HMAC_KEYS = "k1:" + "01" * 32
TEMPLATE = "cercle_template"
# Nothing that a test writes has to survive a power cut.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "256MB"}

# Set when pytest starts, so that subprocesses have it too: no test touches the user's database or ./.cercle.
_HOME = Path(tempfile.mkdtemp(prefix="cercle-test-"))
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
_HOME.chmod(0o755)  # as root the server runs as another account, which must pass
_KEPT = ("CERCLE_PG_BIN", "CERCLE_REAL_DATA")
for _name in [
    name for name in os.environ if name.startswith(("CERCLE_", "DBT_", "PG")) and name not in _KEPT
]:
    del os.environ[_name]
os.environ |= {"CERCLE_HOME": str(_HOME), "CERCLE_HMAC_KEYS": HMAC_KEYS}


# Files that take longest, and so begin first where two processes share the work, a file to each (pytest-xdist's
# loadfile; its loadgroup does nothing under pytest 9.2, and then splits what shares a fixture).
LONGEST = (
    "test_airflow_run",
    "test_consumer",
    "test_identity_scenarios",
    "test_privacy_rights",
    "test_circle",
    "test_airflow_scheduled",
    "test_airflow_arrival",
    "test_vendors",
    "test_real_data",
    "test_flow_dbt",
    "test_starved",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first."""
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


@dataclass(frozen=True)
class Answer:
    """What a call of the command gave back."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="session")
def server() -> Iterator[Settings]:
    """The settings of an embedded server that lives as long as the session."""
    settings = Settings.from_env()
    embedded.start(settings, overrides=FAST)
    try:
        yield settings
    finally:
        embedded.destroy(settings)


@pytest.fixture(scope="session")
def template_database(server: Settings) -> str:
    """The name of a migrated database, from which each test's own is copied (some 30 ms)."""
    with psycopg.connect(embedded.url(server, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(TEMPLATE)))
    with psycopg.connect(embedded.url(server, TEMPLATE)) as connection:
        db.migrate(connection)
    return TEMPLATE


@pytest.fixture
def make_database(
    server: Settings, template_database: str, tmp_path: Path
) -> Iterator[Callable[..., Settings]]:
    """A function that makes a fresh database and returns its settings; for tests that compare two."""
    with _databases(server, tmp_path, template_database) as make:
        yield make


@contextmanager
def _databases(server: Settings, folder: Path, template_database: str) -> Iterator[Callable[..., Settings]]:
    """Yield a function that makes databases, and drop them at the end."""
    made: list[str] = []

    def make(template: str = template_database) -> Settings:
        name = f"test_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(embedded.url(server, "postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("create database {} template {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        made.append(name)
        home = folder / name
        home.mkdir()
        return Settings(
            home=home,
            dsn=embedded.url(server, name),
            project_dir=home / "project",
            landing_dir=home / "landing",
            dbt_executable=str(Path(sys.executable).parent / "dbt"),
            hmac_spec=HMAC_KEYS,
        )

    yield make
    with psycopg.connect(embedded.url(server, "postgres"), autocommit=True) as connection:
        for name in made:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def database(make_database: Callable[..., Settings]) -> Settings:
    """The settings of a fresh database with every migration applied, dropped after the test."""
    return make_database()


@pytest.fixture
def connection(database: Settings) -> Iterator[psycopg.Connection]:
    """A connection to `database`, not in autocommit."""
    with db.connect(database) as opened:
        yield opened


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """A function that runs the command in this process: cli("status", "--json", settings=database)."""

    def call(*arguments: str, settings: Settings | None = None) -> Answer:
        if settings is not None:
            monkeypatch.setenv("CERCLE_HOME", str(settings.home))
            monkeypatch.setenv("CERCLE_PROJECT", str(settings.project_dir))
            monkeypatch.setenv("CERCLE_LANDING", str(settings.landing_dir))
            if settings.dsn:
                monkeypatch.setenv("CERCLE_DSN", settings.dsn)
        capfd.readouterr()
        exit_code = cli_module.run(list(arguments))
        captured = capfd.readouterr()
        return Answer(exit_code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def make_lasting_database(
    server: Settings, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Settings]]:
    """As `make_database`, for what several test modules share: dropped with the session."""
    with _databases(server, tmp_path_factory.mktemp("lasting"), template_database) as make:
        yield make


@pytest.fixture(scope="session")
def world(make_lasting_database: Callable[..., Settings]) -> World:
    """A published world of 500 people whose last days wait in `landing_next`. Read it, or clone it; change nothing."""
    return make_world(make_lasting_database(), increment_days=4)


@pytest.fixture(scope="session")
def whole_world(world: World, make_lasting_database: Callable[..., Settings]) -> World:
    """The same world after its second delivery came as an increment. Read it; change nothing."""
    whole = clone_world(world, make_lasting_database)
    land_next(whole)
    run(whole.settings, as_of=world.as_of)
    return whole


@pytest.fixture
def own_world(world: World, make_database: Callable[..., Settings]) -> World:
    """The same world in a database of the test's own, to change."""
    return clone_world(world, make_database)


@pytest.fixture
def parsed_world(own_world: World, world: World) -> World:
    """As `own_world`, with the manifest that its build left: for tests that build nothing."""
    target = own_world.settings.home / "dbt" / "target"
    target.mkdir(parents=True)
    shutil.copyfile(world.settings.home / "dbt" / "target" / "manifest.json", target / "manifest.json")
    return own_world
