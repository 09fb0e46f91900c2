"""Helper of the tests of access: an account that is a member of a role, and logs in over a real connection."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cercle.settings import Settings

__all__ = ["login"]


@contextmanager
def login(settings: Settings, role: str | None) -> Iterator[str]:
    """Make an account that is a member of a role, and yield the address with which it logs in."""
    name, password = f"login_{secrets.token_hex(6)}", secrets.token_hex(8)
    dsn = settings.dsn or ""
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(
            sql.SQL("create role {} login password {}").format(sql.Identifier(name), sql.Literal(password))
        )
        if role:
            owner.execute(sql.SQL("grant {} to {}").format(sql.Identifier(role), sql.Identifier(name)))
        try:
            yield make_conninfo(**{**conninfo_to_dict(dsn), "user": name, "password": password})
        finally:
            owner.execute(sql.SQL("drop owned by {} cascade").format(sql.Identifier(name)))
            owner.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))
