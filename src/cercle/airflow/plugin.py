"""The pages inside Airflow's web interface: operations and quality (`cercle.report`) behind Airflow's own sign-in.

Every process of Airflow imports this file, tasks too; what the pages need is imported when somebody opens it.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from airflow.plugins_manager import AirflowPlugin

__all__ = ["CerclePlugin"]

PREFIX = "/cercle"

_Messages = Callable[..., Awaitable[Any]]


class _Page:
    """An ASGI application that is made at its first request."""

    def __init__(self) -> None:
        self._made: Any = None

    async def __call__(self, scope: MutableMapping[str, Any], receive: _Messages, send: _Messages) -> None:
        if self._made is None:
            from cercle.airflow.page import make_page

            self._made = make_page(os.environ)
        await self._made(scope, receive, send)


class CerclePlugin(AirflowPlugin):
    """Adds two entries to Airflow's menu: sources, layers, requests and alerts; checks day by day."""

    name = "cercle"
    # Airflow reads class attributes.
    fastapi_apps = [  # noqa: RUF012
        {"app": _Page(), "url_prefix": PREFIX, "name": "cercle"}
    ]
    external_views = [  # noqa: RUF012
        {
            "name": "cercle",
            "href": f"{PREFIX}/",
            "destination": "nav",
            "category": "browse",
            "url_route": "cercle",
        },
        {
            "name": "cercle quality",
            "href": f"{PREFIX}/quality",
            "destination": "nav",
            "category": "browse",
            "url_route": "cercle-quality",
        },
    ]
