"""The embedded server's data folder: where it lies, how it is made, its password and its tuning."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path

from cercle.errors import CercleError
from cercle.postgres_binaries import Binaries, copy_for_account, find_binaries, is_reachable_by_others
from cercle.server_account import give_to_account, is_root, run_as_owner
from cercle.settings import Settings, write_secret

__all__ = ["USER", "data_dir", "log_file", "made_data_dir", "password"]

USER = "cercle"

_SMALL_SHARED_MEMORY = 1 << 30  # containers often have 64 MB, and a parallel hash join wants more

# For two cores and 24 GiB, and for laptops. Nothing here trades durability away.
_TUNING = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "1GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    # Nobody follows this server: a table that a build makes anew is then written once, not into the log as well.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "60",
    "random_page_cost": "1.1",
    # Two models are built at a time; only what they leave idle may help with one of them.
    "max_parallel_workers_per_gather": str(min(2, max(0, (os.cpu_count() or 2) - 2))),
    "jit": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A statement that fails may hold personal values: the log keeps neither it nor its details.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}


def data_dir(settings: Settings) -> Path | None:
    """Return the real data folder when it is whole. `home`/pg may be a link: see `_base_for_data`."""
    data = (settings.home / "pg").resolve()
    try:
        return data if (data / "PG_VERSION").is_file() else None
    except PermissionError as error:
        raise CercleError(
            "The embedded database belongs to another account",
            where=str(data),
            remedy="Run cercle as the account that made it (root, when root made it), or set CERCLE_HOME",
        ) from error


def made_data_dir(settings: Settings) -> Path:
    """Return the data folder, made by initdb when there is none yet."""
    data = data_dir(settings)
    if data is not None:
        return data
    settings.hmac_keys()  # the secret of pseudonyms comes before the data that depends on it
    _refuse_lost_data(settings)
    write_secret(settings.secrets_dir / "pg_password", f"{secrets.token_urlsafe(24)}\n")
    base = _base_for_data(settings)
    binaries = copy_for_account(find_binaries(), base) if is_root() else find_binaries()
    data = base / "pg"
    draft = base / "pg.new"  # a half-made folder never carries the final name
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    give_to_account(draft)
    _initdb(settings, binaries, draft)
    _write_tuning(draft, binaries.major)
    draft.rename(data)
    link = settings.home / "pg"
    if data != link:
        link.unlink(missing_ok=True)
        link.symlink_to(data)
    return data


def _refuse_lost_data(settings: Settings) -> None:
    """Refuse to make a second database where a link shows that the first one was deleted by someone."""
    link = settings.home / "pg"
    if link.is_symlink():
        raise CercleError(
            f"The data folder of the embedded database is gone: {link.readlink()}",
            where=str(link),
            remedy=f"Restore it, or begin anew by deleting {settings.home}",
        )


def _base_for_data(settings: Settings) -> Path:
    """Return the folder that shall hold `pg`: home, or one that the server's account can reach.

    PostgreSQL does not run as root, and the account that it runs as cannot pass /root, say. The modes of
    folders that are not ours are never changed.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    if not is_root() or is_reachable_by_others(settings.home):
        return settings.home
    base = Path(tempfile.mkdtemp(prefix=f"cercle-{settings.fingerprint()}-", dir="/var/tmp"))
    base.chmod(0o711)
    return base


def _initdb(settings: Settings, binaries: Binaries, data: Path) -> None:
    # UTF-8 and sorting by code point everywhere, so that two machines give the same marts.
    locale = (
        ["--locale-provider=builtin", "--locale=C.UTF-8"]
        if binaries.major >= 17
        else [
            "--lc-collate=C",
            f"--lc-ctype={'en_US.UTF-8' if os.uname().sysname == 'Darwin' else 'C.UTF-8'}",
        ]
    )
    with tempfile.NamedTemporaryFile("w", prefix="cercle-", dir=data.parent) as password_file:
        password_file.write(password(settings))
        password_file.flush()
        give_to_account(Path(password_file.name))
        run_as_owner(
            [
                binaries.program("initdb"),
                f"--pgdata={data}",
                f"--username={USER}",
                f"--pwfile={password_file.name}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-instructions",
                *locale,
            ],
            data,
            log_file(settings),
            what="The embedded PostgreSQL cannot be made",
        )


def _write_tuning(data: Path, major: int) -> None:
    """Append our settings to postgresql.conf once; later changes by hand stay."""
    tuning = dict(_TUNING)
    if major >= 18 and (os.cpu_count() or 1) <= 2:
        tuning["io_method"] = "sync"  # processes that only read would take the time of those that work
    shared_memory = Path("/dev/shm")  # noqa: S108
    if shared_memory.is_dir() and shutil.disk_usage(shared_memory).total < _SMALL_SHARED_MEMORY:
        tuning["dynamic_shared_memory_type"] = "mmap"
    lines = [f"{name} = '{value}'" for name, value in tuning.items()]
    with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\n# cercle\n" + "\n".join(lines) + "\n")


def password(settings: Settings) -> str:
    """Return the password of the embedded database.

    Raises:
        CercleError: its file cannot be read.
    """
    path = settings.secrets_dir / "pg_password"
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise CercleError(
            "The embedded database's password cannot be read",
            where=str(path),
            remedy="Run cercle as the account that made it, or restore the file",
        ) from error


def log_file(settings: Settings) -> Path:
    """Return where the server and its programs write."""
    return settings.log_dir / "postgres.log"
