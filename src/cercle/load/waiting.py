"""Deliveries that no publication has yet, by source: what a build that waits for all of them asks."""

from __future__ import annotations

from datetime import datetime

from cercle import db
from cercle.settings import Settings

__all__ = ["unpublished_deliveries"]


def unpublished_deliveries(settings: Settings) -> dict[str, datetime]:
    """Return the sources with deliveries that the published build does not have, and when the first of each came.

    What is refused, quarantined or withdrawn will not be built, and does not count.
    """
    with db.connect(settings, autocommit=True) as connection:
        rows = connection.execute(
            """
            select loads.source, min(loads.loaded_at)
            from ops.loads
            where loads.state in ('loaded', 'checked', 'released')
                and not exists (
                    select from ops.build_loads
                    inner join ops.published_build on build_loads.build_id = published_build.build_id
                    where build_loads.load_id = loads.load_id
                )
            group by loads.source
            """
        )
        return dict(rows.fetchall())
