"""The state of a load, and to whom its rows pass when it changes."""

from __future__ import annotations

import psycopg

from cercle.contracts import Entity
from cercle.errors import CercleError
from cercle.load.known import ADMISSIBLE, ADMISSIBLE_STATES, move_rows
from cercle.load.partitions import settle_partitions
from cercle.load.rules import identifier
from cercle.sources import installed_plugins

__all__ = ["set_load_state"]

_NEXT = {
    "loaded": ("checked", "quarantined", "withdrawn"),
    "checked": ("quarantined", "withdrawn"),
    "quarantined": ("released", "withdrawn"),
    "released": ("quarantined", "withdrawn"),
    "withdrawn": (),
    "refused": (),
}


def set_load_state(
    connection: psycopg.Connection,
    load_id: int,
    state: str,
    reason: str | None = None,
    who: str | None = None,
    *,
    is_forced: bool = False,
) -> None:
    """Change the state of a load, and pass its rows on.

    A row that another delivery brought too passes to the earliest of them that is neither quarantined nor withdrawn;
    counts and sums move along. A load that is released takes back what nobody admissible holds.

    Args:
        connection: any; the change is one transaction (a savepoint in an open one).
        load_id: of the load.
        state: checked, quarantined, released or withdrawn. The state that it has already changes nothing.
        reason: a sentence without personal values.
        who: by default the database's user.
        is_forced: withdraw a published load although rows that later files repeated go with it.

    Raises:
        CercleError: there is no such load, or its state does not allow the change.
    """
    with connection.transaction():
        row = connection.execute(
            "select plugin, entity, source, state from ops.loads where load_id = %s", (load_id,)
        ).fetchone()
        if row is None:
            raise CercleError(f"There is no load {load_id}", remedy="`cercle status` shows the last ones")
        plugin, entity_name, source, current = row
        relation = f"raw.{plugin}__{entity_name}"
        connection.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"cercle:load:{relation}",)
        )
        current = _state(connection, load_id)
        if current == state:
            return
        if state not in _NEXT[current]:
            allowed = ", ".join(_NEXT[current]) or "nothing else"
            raise CercleError(
                f"Load {load_id} is {current} and can become {allowed}; got {state!r}",
                remedy="Deliver the file again" if not _NEXT[current] else "Choose one of these",
            )
        if state == "withdrawn" and not is_forced:
            _refuse_hidden_loss(connection, load_id)
        connection.execute(
            """
            update ops.loads
            set
                state = %s,
                state_reason = %s,
                state_changed_at = clock_timestamp(),
                state_changed_by = coalesce(%s, session_user)
            where load_id = %s
            """,
            (state, reason, who, load_id),
        )
        if current in ADMISSIBLE_STATES and state in ADMISSIBLE_STATES:
            return  # whoever held a row before holds it now
        _pass_rows(connection, relation, load_id)
        entity = _entity(plugin, entity_name)
        if entity is not None and entity.partition_columns:
            settle_partitions(connection, entity, source, load_id)


def _state(connection: psycopg.Connection, load_id: int) -> str:
    row = connection.execute(
        "select state from ops.loads where load_id = %s for update", (load_id,)
    ).fetchone()
    assert row is not None
    return str(row[0])


def _entity(plugin: str, name: str) -> Entity | None:
    """The entity, None where its plugin is no longer installed."""
    found = installed_plugins().get(plugin)
    return found.contract.entity(name) if found is not None else None


def _refuse_hidden_loss(connection: psycopg.Connection, load_id: int) -> None:
    """Rows that a file repeated after this load was published are not noted, so they could not pass to it."""
    row = connection.execute(
        """
        select string_agg(later.load_id::text, ', ' order by later.load_id)
        from ops.loads as withdrawn
        inner join ops.loads as later
            on withdrawn.source = later.source
            and withdrawn.plugin = later.plugin
            and withdrawn.entity = later.entity
            and withdrawn.load_id < later.load_id
        where withdrawn.load_id = %s
            and later.known_count > 0
            and later.state in ('loaded', 'checked', 'quarantined', 'released')
            and later.started_at > (
                select min(publications.published_at)
                from ops.build_loads
                inner join ops.publications on build_loads.build_id = publications.build_id
                where build_loads.load_id = withdrawn.load_id
            )
        """,
        (load_id,),
    ).fetchone()
    if row is not None and row[0] is not None:
        raise CercleError(
            f"Load {load_id} is published, and loads {row[0]} brought rows that raw had already; "
            "rows of this load that they repeat would go with it",
            remedy="Withdraw them too and deliver their files again, or force the withdrawal",
        )


def _pass_rows(connection: psycopg.Connection, relation: str, load_id: int) -> None:
    """Rows that the load holds, or once brought too, go to the earliest admissible load that brought them."""
    exists = connection.execute("select to_regclass(%s) is not null", (relation,)).fetchone()
    if not (exists and exists[0]):
        return
    table = identifier(*relation.split(".", 1))
    connection.execute(
        f"""
        create temporary table cercle_moves on commit drop as
        with touched as (
            select _row_id as row_id, _load_id as holder_id
            from {table}
            where _load_id = %(load_id)s
            union
            select rows._row_id, rows._load_id
            from ops.row_sightings as sightings
            inner join {table} as rows on sightings.row_id = rows._row_id
            where sightings.raw_relation = %(relation)s and sightings.load_id = %(load_id)s
        )

        select distinct on (touched.row_id)
            touched.row_id, touched.holder_id as from_load_id, others.load_id as to_load_id, sightings.line
        from touched
        inner join ops.loads as holders on touched.holder_id = holders.load_id
        inner join ops.row_sightings as sightings
            on sightings.raw_relation = %(relation)s and touched.row_id = sightings.row_id
        inner join ops.loads as others on sightings.load_id = others.load_id
        where holders.state not in {ADMISSIBLE} and others.state in {ADMISSIBLE}
        order by touched.row_id, others.load_id
        """,
        {"load_id": load_id, "relation": relation},
    )
    amounts = connection.execute(
        "select jsonb_object_keys(sums) from ops.loads where load_id = %s", (load_id,)
    ).fetchall()
    move_rows(connection, relation, sorted(row[0] for row in amounts))
