"""A member of `cercle_loader` loads and checks, and a member of `cercle_builder` builds and publishes: a whole run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from cercle import db, flow
from cercle.privacy.roles_check import find_faults
from cercle.privacy.roles_grants import make_roles
from cercle.settings import Settings
from cercle.simulate import WorldConfig
from cercle.simulate.world import simulate
from projects import make_project, query
from roles_support import login

CONFIG = {"customers": 60, "days": 90, "seed": 5}


@contextmanager
def member(settings: Settings, role: str) -> Iterator[Settings]:
    """Yield settings with which a member of a role connects; what it makes is the role's, as docs/access.md asks."""
    with login(settings, role) as dsn:
        with psycopg.connect(settings.dsn or "") as owner:
            owner.execute(
                sql.SQL("alter role {} set role = {}").format(
                    sql.Identifier(str(conninfo_to_dict(dsn)["user"])), sql.Literal(role)
                )
            )
        yield replace(settings, dsn=dsn)


@pytest.mark.slow
def test_two_accounts_of_the_two_roles_run_everything(make_database: Callable[..., Settings]) -> None:
    settings = make_database()
    config = WorldConfig(out=settings.home / "world", increment_days=4, **CONFIG)
    simulate(config)
    make_project(settings)
    with db.connect(settings) as connection:
        make_roles(connection)
    for part in ("landing", "landing_next"):
        with ExitStack() as stack:
            loader = replace(
                stack.enter_context(member(settings, "cercle_loader")), landing_dir=config.out / part
            )
            loads = flow.load_landing(loader)
            assert {load.state for load in loads} == {"loaded"}
            assert {load.state for load in flow.check_raw(loader).loads} == {"checked"}
            builder = stack.enter_context(member(settings, "cercle_builder"))
            report = flow.build(builder, as_of=config.until)
            assert report.publication is not None
            for account in (loader, builder):
                with psycopg.connect(account.dsn or "") as connection, pytest.raises(psycopg.Error):
                    connection.execute("select * from archive.accounting_rows")
    assert query(settings, "select count(*) > 40 from marts.customer_360") == [(True,)]
    with db.connect(settings) as connection:
        assert find_faults(connection) == []
