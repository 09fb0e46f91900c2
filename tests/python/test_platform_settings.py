"""Settings, secrets and errors: fail closed, and never show a secret."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cercle.errors import EXIT_REFUSED, CercleError
from cercle.settings import Settings, parse_hmac_keys, write_secret

KEY = "ab" * 32


def test_defaults_are_below_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_env({})
    assert settings.home == tmp_path / ".cercle"
    assert settings.landing_dir == tmp_path / ".cercle" / "landing"
    assert settings.project_dir == tmp_path / ".cercle" / "project"
    assert settings.is_embedded
    assert not settings.home.exists(), "reading settings must not write"


def test_the_working_folder_is_the_project_when_it_holds_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: mine")
    monkeypatch.chdir(tmp_path)
    assert Settings.from_env({}).project_dir == tmp_path


def test_the_package_itself_is_never_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = Path(__file__).parents[2]
    monkeypatch.chdir(checkout)
    assert Settings.from_env({}).project_dir == checkout / ".cercle" / "project"


def test_secrets_do_not_show_in_the_repr() -> None:
    settings = Settings.from_env({"CERCLE_DSN": "postgresql://me:hush@db/x", "CERCLE_HMAC_KEYS": f"k1:{KEY}"})
    assert "hush" not in repr(settings)
    assert KEY not in repr(settings)


def test_the_last_key_is_the_current_one() -> None:
    settings = Settings.from_env({"CERCLE_HMAC_KEYS": f"k1:{KEY},k2:{'cd' * 16}"})
    assert list(settings.hmac_keys()) == ["k1", "k2"]
    assert settings.current_hmac_key() == ("k2", bytes.fromhex("cd" * 16))


def test_an_own_server_without_a_key_is_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, dsn="postgresql://db/x")
    with pytest.raises(CercleError, match="CERCLE_HMAC_KEYS") as refusal:
        settings.hmac_keys()
    assert refusal.value.exit_code == EXIT_REFUSED
    assert list(tmp_path.iterdir()) == []


def test_the_embedded_database_gets_a_key_once_that_only_its_owner_reads(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    first = settings.hmac_keys()
    path = tmp_path / "secrets" / "hmac_keys"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert Settings(home=tmp_path).hmac_keys() == first
    assert len(first["k1"]) == 32


def test_a_lost_key_is_not_replaced_once_the_database_exists(tmp_path: Path) -> None:
    write_secret(tmp_path / "secrets" / "pg_password", "x")
    with pytest.raises(CercleError, match="gone"):
        Settings(home=tmp_path).hmac_keys()


@pytest.mark.parametrize(
    "text",
    ["", "k1", "k1:", f":{KEY}", "k1:zz", "k1:abcd", f"k1:{KEY},k1:{KEY}", f"k 1:{KEY}", f"k1:{KEY},"],
)
def test_a_wrong_key_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(CercleError) as refusal:
        parse_hmac_keys(text, "here")
    assert KEY not in str(refusal.value)


def test_processes_that_write_a_secret_at_once_agree_on_one(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "key"
    with ThreadPoolExecutor(8) as pool:
        homes = list(pool.map(lambda _: Settings(home=tmp_path).hmac_keys(), range(8)))
    assert all(keys == homes[0] for keys in homes)
    assert not list(path.parent.glob(".*"))


def test_an_error_is_a_sentence_with_its_remedy() -> None:
    error = CercleError("It broke", where="a.csv", remedy="Mend it")
    assert str(error) == "a.csv: It broke. Mend it."
    assert error.as_dict() == {
        "what": "It broke",
        "where": "a.csv",
        "remedy": "Mend it",
        "exit_code": EXIT_REFUSED,
    }
