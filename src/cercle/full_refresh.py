"""When a build makes everything anew of its own accord: rows were taken away, or the code is another one."""

from __future__ import annotations

import psycopg

__all__ = ["full_refresh_reason"]


def full_refresh_reason(connection: psycopg.Connection, code: str) -> str | None:
    """Return why an increment would not do, as a sentence; None where it would.

    All builds since the last publication are asked, that one included: their rows are still in the tables of
    incremental models, published or not.

    Args:
        connection: holding the lock of builds.
        code: digest of the dbt project as it stands now.
    """
    since = (
        "select build_id from ops.builds "
        "where build_id >= coalesce((select build_id from ops.published_build), 0)"
    )
    row = connection.execute(
        f"""
        select
            (
                select count(distinct build_loads.load_id)
                from ops.build_loads
                inner join ops.loads on build_loads.load_id = loads.load_id
                where build_loads.build_id in ({since}) and loads.state not in ('checked', 'released')
            ),
            (
                select count(*)
                from ops.builds
                where build_id in ({since}) and project_sha256 is distinct from %s
            ),
            (
                select count(*)
                from ops.new_loads
                inner join ops.loads on new_loads.load_id = loads.load_id
                where loads.replaced_count > 0 and exists ({since})
            ),
            (
                select count(*)
                from ops.loads as gone
                where gone.state in ('quarantined', 'withdrawn')
                    and gone.state_changed_at >= (
                        select builds.started_at
                        from ops.builds
                        inner join ops.published_build on builds.build_id = published_build.build_id
                    )
                    and exists (
                        select
                        from ops.published_build
                        inner join ops.build_loads on published_build.build_id = build_loads.build_id
                        inner join ops.loads as later on build_loads.load_id = later.load_id
                        where later.load_id > gone.load_id
                            and later.source = gone.source
                            and later.plugin = gone.plugin
                            and later.entity = gone.entity
                    )
            )
        """,
        (code,),
    ).fetchone()
    assert row is not None
    withdrawn, changed, replacing, passed = row
    if withdrawn:
        return f"{withdrawn} loads that an earlier build read are no longer admitted."
    if changed:
        return "The dbt project has changed since the last publication."
    if replacing:
        return f"{replacing} new loads replace rows of earlier ones."
    if passed:
        return (
            f"{passed} loads were turned away late; their rows may have passed to loads that are published."
        )
    return None
