"""Run PostgreSQL's programs as an account that is not root, with their output in a log."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path
from typing import Any

from cercle.errors import EXIT_DATABASE, CercleError

__all__ = ["give_to_account", "is_root", "run_as_owner"]

_LARGEST_LOG_BYTES = 10_000_000


def is_root() -> bool:
    """Whether this process is root, as which PostgreSQL refuses to run."""
    return os.geteuid() == 0


def give_to_account(path: Path) -> None:
    """Give a file or folder to an account that exists and is not root; does nothing when we are not root.

    Raises:
        CercleError: the system has neither the account postgres nor nobody.
    """
    if not is_root():
        return
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(path, account.pw_uid, account.pw_gid)
        return
    raise CercleError(
        "PostgreSQL does not run as root, and there is no account postgres or nobody to run it as",
        remedy="Run cercle as an ordinary user, or set CERCLE_DSN to a server that runs",
    )


def run_as_owner(command: list[str], owned: Path, log: Path, what: str) -> None:
    """Run a program as the account that owns a folder.

    Its output goes to a file, never to a pipe: the server inherits it, and who reads a pipe would wait for
    the server's end.

    Args:
        command: the program and its arguments.
        owned: the folder whose owner runs it, when we are root.
        log: where its output goes.
        what: the sentence for an error.

    Raises:
        CercleError: it failed; the last lines of its output are in the sentence.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LARGEST_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    account: dict[str, Any] = {}
    if is_root():
        owner = owned.stat()
        account = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    with log.open("ab") as output:
        begin = output.tell()
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env={**environment, "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
            check=False,
            **account,
        )
    if done.returncode != 0:
        raise CercleError(
            f"{what}: {_last_lines(log, begin) or f'exit code {done.returncode}'}",
            where=str(log),
            remedy="Read that log; `cercle doctor` checks disk and rights",
            exit_code=EXIT_DATABASE,
        )


def _last_lines(log: Path, begin: int) -> str:
    with log.open("rb") as written:
        written.seek(begin)
        lines = written.read()[-4000:].decode(errors="replace").strip().splitlines()
    return " / ".join(line.strip() for line in lines[-3:])
