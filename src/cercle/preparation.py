"""What a first run lacks, made before it: the project, the schemas, the tables of raw."""

from __future__ import annotations

from cercle import db
from cercle.errors import CercleError
from cercle.settings import Settings

__all__ = ["prepare"]


def prepare(settings: Settings, migrates: bool = False) -> list[str]:
    """Make database and project ready: started, migrated, raw tables made, the default project written.

    On a company's own server migrations are a decision of its own; unless the caller has it, they are asked for.

    Args:
        settings: the home, the project, the database.
        migrates: apply migrations on a company's own server too.

    Returns:
        Names of the migrations that were applied.

    Raises:
        CercleError: the company's own database lacks migrations, and `migrates` is not set.
    """
    from cercle.load.raw_tables import ensure_raw_tables
    from cercle.project import ensure_project
    from cercle.sources import plugins_in_use

    if settings.project_dir == settings.home / "project":
        ensure_project(settings)
    migrates = migrates or settings.is_embedded
    with db.connect(settings, application_name="cercle prepare") as connection:
        pending = [migration.label for migration in db.pending_migrations(connection)]
        connection.rollback()
        if pending and not migrates:
            raise CercleError(
                f"The database lacks migrations: {', '.join(pending)}",
                where="ops",
                remedy="Run `cercle db migrate`",
            )
        applied = db.migrate(connection) if pending else []
        if migrates:
            with connection.transaction():
                plugins = plugins_in_use(settings).values()
                ensure_raw_tables(connection, (plugin.contract for plugin in plugins))
    return applied
