"""The web application of the pages: HTML documents, and the same as JSON, for who may see Airflow's own pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse, JSONResponse, Response

from cercle import db
from cercle.errors import CercleError
from cercle.report.operations import Operations, read_operations, render_operations
from cercle.report.quality import Quality, read_quality, render_quality
from cercle.settings import Settings

__all__ = ["CONNECTION_VARIABLE", "make_page"]

# Airflow connection of the warehouse, for the API server; by default CERCLE_DSN, or the embedded server.
CONNECTION_VARIABLE = "CERCLE_PAGE_CONN_ID"

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def make_page(environment: Mapping[str, str]) -> FastAPI:
    """Return the application.

    Args:
        environment: the API server's: CERCLE_PAGE_CONN_ID, or CERCLE_DSN, or CERCLE_HOME of the embedded server.
    """
    page = FastAPI(
        title="cercle",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(requires_access_view(AccessView.WEBSITE))],
    )

    def connect() -> psycopg.Connection:
        return db.connect(_settings(environment), application_name="cercle page")

    def operations() -> Operations:
        with connect() as connection:
            return read_operations(connection)

    def quality() -> Quality:
        with connect() as connection:
            return read_quality(connection)

    @page.exception_handler(CercleError)
    def show_error(_: Any, error: CercleError) -> Response:
        # A database that is away is no fault of the page: the sentence says what to do.
        return Response(str(error), status_code=503, media_type="text/plain; charset=utf-8", headers=_HEADERS)

    @page.get("/")
    def show_operations() -> HTMLResponse:
        return HTMLResponse(render_operations(operations()), headers=_HEADERS)

    @page.get("/operations.json")
    def tell_operations() -> JSONResponse:
        return _json(operations())

    @page.get("/quality")
    def show_quality() -> HTMLResponse:
        return HTMLResponse(render_quality(quality()), headers=_HEADERS)

    @page.get("/quality.json")
    def tell_quality() -> JSONResponse:
        return _json(quality())

    return page


def _json(found: Operations | Quality) -> JSONResponse:
    from fastapi.encoders import jsonable_encoder

    return JSONResponse(jsonable_encoder(found.as_json()), headers=_HEADERS)


def _settings(environment: Mapping[str, str]) -> Settings:
    variables = dict(environment)
    conn_id = variables.get(CONNECTION_VARIABLE)
    if conn_id:
        from airflow.models.connection import Connection

        variables["CERCLE_DSN"] = Connection.get_connection_from_secrets(conn_id).get_uri()
    return Settings.from_env(variables)
