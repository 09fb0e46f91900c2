"""Pulling an API as a task: where it is and who asks stand in an Airflow connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cercle.airflow.operators import CercleOperator

if TYPE_CHECKING:
    from airflow.sdk import Connection, Context

    from cercle.pull import Api
    from cercle.settings import Settings

__all__ = ["PullOperator", "api_of"]


class PullOperator(CercleOperator):
    """Pull what is new at an API, and load it page by page; the cursor moves when all rows are in.

    Args:
        source: source instance.
        entity: whose files the pages are.
        http_conn_id: Airflow connection: host (with its path, if any), login and password (basic), or a password
            alone (a bearer's token), and the extra `headers`.
        pages: how the API gives its rows, as `cercle.pull.Pages` has it.
    """

    template_fields = (*CercleOperator.template_fields, "pages")

    def __init__(
        self, *, source: str, entity: str, http_conn_id: str, pages: Mapping[str, Any], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.entity = entity
        self.http_conn_id = http_conn_id
        self.pages = dict(pages)

    def run_step(self, settings: Settings, context: Context) -> dict[str, int]:
        """Return the number of pages, and of rows by what became of them."""
        import dataclasses

        from airflow.sdk import BaseHook

        from cercle.pull import Pages, pull

        api = api_of(BaseHook.get_connection(self.http_conn_id))
        return dataclasses.asdict(pull(settings, self.source, self.entity, api, Pages(**self.pages)))


def api_of(connection: Connection) -> Api:
    """Return where an API is and who asks, from an Airflow connection."""
    from cercle.pull import Api

    host = connection.host or ""
    if "://" not in host:
        host = f"{connection.schema or 'https'}://{host}"
    if connection.port:
        host = f"{host}:{connection.port}"
    headers = dict(connection.extra_dejson.get("headers", {}))
    auth = (connection.login, connection.password or "") if connection.login else None
    if auth is None and connection.password:
        headers["Authorization"] = f"Bearer {connection.password}"
    secrets = (connection.password,) if connection.password else ()
    return Api(host, headers, auth, secrets)
