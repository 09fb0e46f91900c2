"""The operator of the night watch, what a deadline alert calls, and channels from Airflow connections."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cercle.airflow.operators import CercleOperator

if TYPE_CHECKING:
    from airflow.sdk import Connection, Context

    from cercle.settings import Settings
    from cercle.watch import Channel

__all__ = ["WatchOperator", "tell_late"]


class WatchOperator(CercleOperator):
    """Find what needs a person, and tell it once.

    Args:
        notify_conn_ids: connections of type smtp (host, port, login, password; extra `to`, a list, and `from`) or http
            (host or a whole address, password as bearer token); with none, CERCLE_NOTIFY of the worker.
        limits: keyword arguments of `cercle.watch.Limits`.
    """

    def __init__(
        self,
        *,
        notify_conn_ids: Sequence[str] = (),
        limits: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.notify_conn_ids = tuple(notify_conn_ids)
        self.limits = limits or {}

    def run_step(self, settings: Settings, context: Context) -> dict[str, int]:
        """Return how much holds, is new, and is over."""
        from cercle.watch import Limits, make_round

        channels = _channels(self.notify_conn_ids)
        done = make_round(settings, channels, Limits(**self.limits))
        return {
            "condition_count": len(done.conditions),
            "new_count": len(done.new),
            "over_count": len(done.over),
        }


def tell_late(context: Mapping[str, Any], notify_conn_ids: Sequence[str] = ()) -> None:
    """Tell that a DAG run has not ended by its deadline; for a DeadlineAlert.

    The watch asks `ops`, where a run that waits for a place has left nothing yet: this one is told by Airflow itself.

    Args:
        context: has the DAG run, and the deadline.
        notify_conn_ids: as of `WatchOperator`.

    Raises:
        CercleError: a channel did not take the message.
    """
    from cercle.watch import Message, send
    from cercle.watch.texts import line

    run = context["dag_run"]
    facts = {
        "dag_id": run["dag_id"],
        "state": str(run["state"]),
        "deadline": str(context["deadline"]["deadline_time"])[:16],
    }
    said = line("run_late", run["dag_run_id"], facts)
    item = {
        "state": "new",
        "kind": "run_late",
        "key": run["dag_run_id"],
        "severity": "warning",
        "facts": facts,
    }
    text = f"[warning] {said.french}\n{said.english}\n→ {said.remedy}"
    send(_channels(notify_conn_ids), Message("cercle: warning, 1 new, 0 over", text, [item]))


def _channels(conn_ids: Sequence[str]) -> list[Channel]:
    from cercle.watch import channels_from

    return [_channel(conn_id) for conn_id in conn_ids] or channels_from(os.environ)


def _channel(conn_id: str) -> Channel:
    from airflow.sdk import BaseHook

    from cercle.errors import CercleError
    from cercle.watch import EmailChannel, WebhookChannel

    connection: Connection = BaseHook.get_connection(conn_id)
    extra = connection.extra_dejson
    if connection.conn_type == "smtp":
        to = extra.get("to") or []
        if not to:
            raise CercleError(
                "Nobody is named as the one to tell",
                where=f"connection {conn_id}",
                remedy='Name colleagues in its extra: {"to": ["data@example.org"], "from": "cercle@example.org"}',
            )
        host = connection.host or "localhost"
        return EmailChannel(
            (to,) if isinstance(to, str) else tuple(to),
            extra.get("from") or f"cercle@{host}",
            host,
            connection.port or 25,
            connection.login or None,
            connection.password or None,
        )
    if connection.conn_type in {"http", "https"}:
        address = connection.host or ""
        if "://" not in address:
            address = f"{connection.schema or 'https'}://{address}"
        if connection.port:
            address = f"{address.rstrip('/')}:{connection.port}"
        token = {"Authorization": f"Bearer {connection.password}"} if connection.password else {}
        return WebhookChannel(f"{address}{extra.get('path', '')}", token)
    raise CercleError(
        f"Messages cannot be sent by a connection of type {connection.conn_type}",
        where=f"connection {conn_id}",
        remedy="Use one of type smtp or http",
    )
