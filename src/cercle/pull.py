"""Pulling: the pages of an API, each stored in the landing folder and loaded; the cursor moves when all rows are in.

A pull that fails begins again where the last whole one ended: rows that are in already are known, and stored once.
Messages name neither an address nor a body: a next page's address may hold a secret, a body holds persons.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson

from cercle import db
from cercle.errors import EXIT_DATABASE, CercleError
from cercle.load import load_file
from cercle.settings import Settings
from cercle.sources import Source, get_source

__all__ = ["Api", "Pages", "PullResult", "pull"]

_LARGEST_PAGE = 16 << 20  # bytes: what the loader takes as one JSON document
_PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))
_ATTEMPTS = 5
_FIRST_WAIT = 1.0  # seconds, doubled by each attempt
_LONGEST_WAIT = 300.0  # a task that sleeps for longer had better be tried again by its scheduler


@dataclass(frozen=True)
class Api:
    """Where an API is, and who asks.

    Attributes:
        base_url: scheme and host, and what all paths begin with.
        headers: sent with every request, such as Authorization.
        auth: user and password of HTTP basic authentication.
        secrets: taken out of the pages before they are stored: some APIs repeat the token in the next page's address.
        timeout_seconds: for a connection, and for each piece of an answer.
    """

    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: tuple[str, str] | None = None
    secrets: tuple[str, ...] = ()
    timeout_seconds: float = 30.0


@dataclass(frozen=True)
class Pages:
    """How an API gives its rows.

    Attributes:
        path: of the first page, behind the base URL.
        params: of the first page.
        next_path: where a page names the next one: `paging.next` (an address), `meta.next_token`.
        next_param: the parameter that takes it, with those of the first page; None where it is an address.
        cursor_path: where a page names what the next pull begins with, such as `meta.newest_id`; the first page that
            has it tells it where `is_newest_first`, else the last.
        cursor_param: the parameter of the first page that takes it.
        is_newest_first: whether the API gives new rows before old ones.
        most_pages: of one pull; an API that gives more is going round in circles.
    """

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    next_path: str | None = None
    next_param: str | None = None
    cursor_path: str | None = None
    cursor_param: str | None = None
    is_newest_first: bool = True
    most_pages: int = 10_000


@dataclass(frozen=True)
class PullResult:
    """What a pull brought.

    Attributes:
        page_count: pages.
        stored_count: rows that are new.
        known_count: rows that raw had.
        rejected_count: rows in ops.rejected_rows.
    """

    page_count: int
    stored_count: int
    known_count: int
    rejected_count: int


def pull(
    settings: Settings,
    source: str,
    entity: str,
    api: Api,
    pages: Pages,
    *,
    wait: Callable[[float], None] = time.sleep,
) -> PullResult:
    """Bring what is new at an API: each page becomes a file of the landing folder, and is loaded.

    Args:
        settings: where database and landing folder are.
        source: source instance.
        entity: whose files the pages are.
        api: where, and who.
        pages: how.
        wait: between two attempts.

    Raises:
        CercleError: the API refuses, answers with what is no page, or does not answer; the cursor stays.
    """
    instance = get_source(settings, source)
    cursor = _read_cursor(settings, source, entity)
    newest: str | None = None
    counts = [0, 0, 0]
    page_count = 0
    client = httpx.Client(
        base_url=api.base_url, headers=dict(api.headers), auth=api.auth, timeout=api.timeout_seconds
    )
    with client:
        for content, page in _pages(client, pages, cursor, wait):
            page_count += 1
            if newest is None or not pages.is_newest_first:
                newest = _find(page, pages.cursor_path) or newest
            stored = _without(content, api.secrets)
            for place, count in enumerate(_load_page(settings, instance, entity, stored, page_count)):
                counts[place] += count
    if newest is not None:
        _write_cursor(settings, source, entity, newest)
    return PullResult(page_count, *counts)


def _load_page(
    settings: Settings, source: Source, entity: str, content: bytes, number: int
) -> tuple[int, int, int]:
    folder = settings.landing_dir / source.name / entity
    folder.mkdir(parents=True, exist_ok=True)
    name = f"pull-{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{number:05}.json"
    unfinished = folder / f".{name}"
    unfinished.write_bytes(content)
    path = unfinished.rename(folder / name)
    counts = [0, 0, 0]
    for found in source.plugin.contract.read_from_files_of(entity):
        result = load_file(settings, source, path, found.name, file_name=f"{source.name}/{entity}/{name}")
        if result.state == "refused":
            raise CercleError(f"A page was refused: {result.message}", where=f"{source.name} {entity} {name}")
        for place, count in enumerate((result.stored_count, result.known_count, result.rejected_count)):
            counts[place] += count if result.state == "loaded" else 0
    return counts[0], counts[1], counts[2]


def _without(content: bytes, secrets: Iterable[str]) -> bytes:
    for secret in secrets:
        content = content.replace(secret.encode(), b"-")
    return content


# --- pages ------------------------------------------------------------------------------------------------


def _pages(
    client: httpx.Client, pages: Pages, cursor: str | None, wait: Callable[[float], None]
) -> Iterator[tuple[bytes, Any]]:
    """Yield each page's bytes, and the page."""
    params = dict(pages.params)
    if cursor is not None and pages.cursor_param is not None:
        params[pages.cursor_param] = cursor
    url, query = pages.path, params
    seen: set[str] = set()
    while True:
        content = _get(client, url, query, wait)
        try:
            page = orjson.loads(content)
        except ValueError:
            raise CercleError(
                "The API answered with what is no JSON",
                where=pages.path,
                remedy="Is there a sign-in page before it?",
            ) from None
        yield content, page
        following = _find(page, pages.next_path)
        if following is None:
            return
        if following in seen or len(seen) >= pages.most_pages:
            raise CercleError(
                "The API goes round in circles: a next page came twice, or there are too many",
                where=pages.path,
            )
        seen.add(following)
        if pages.next_param is not None:
            query = params | {pages.next_param: following}
        else:
            url, query = _own_address(client, following, pages.path), {}


def _own_address(client: httpx.Client, address: str, where: str) -> str:
    """Refuse an address of another host: it would be sent the credentials."""
    try:
        target = client.base_url.join(address)
    except httpx.InvalidURL:
        raise CercleError("The API names a next page by what is no address", where=where) from None
    base = client.base_url
    if (target.scheme, target.host, target.port) != (base.scheme, base.host, base.port):
        raise CercleError("The API names a next page on another host", where=where)
    return str(target)


def _find(page: Any, path: str | None) -> str | None:
    found = page
    for name in path.split(".") if path else ():
        found = found.get(name) if isinstance(found, dict) else None
    return str(found) if path and found not in (None, "") else None


# --- one request ------------------------------------------------------------------------------------------


def _get(client: httpx.Client, url: str, params: Mapping[str, str], wait: Callable[[float], None]) -> bytes:
    """Return the body of an answer; what may pass by itself is tried again."""
    pause = _FIRST_WAIT
    for attempt in range(1, _ATTEMPTS + 1):
        asked: float | None = None
        try:
            with client.stream("GET", url, params=params or None) as response:
                if response.status_code == httpx.codes.OK:
                    return _body(response)
                what = f"it answered {response.status_code}"
                if response.status_code not in _PASSING:
                    raise CercleError(f"The API refuses: {what}", where=client.base_url.host)
                asked = _asked_pause(response)
        except httpx.RequestError as error:
            what = type(error).__name__
        seconds = pause if asked is None else asked
        if attempt == _ATTEMPTS or seconds > _LONGEST_WAIT:
            break
        wait(seconds)
        pause *= 2
    raise CercleError(
        f"The API cannot be read now: {what}, {attempt} times",
        where=client.base_url.host,
        exit_code=EXIT_DATABASE,
    )


def _body(response: httpx.Response) -> bytes:
    content = bytearray()
    for piece in response.iter_bytes():
        content += piece
        if len(content) > _LARGEST_PAGE:
            raise CercleError(
                f"A page is larger than {_LARGEST_PAGE >> 20} MiB",
                where=response.url.host,
                remedy="Ask for smaller pages",
            )
    return bytes(content)


def _asked_pause(response: httpx.Response) -> float | None:
    """What Retry-After asks for: seconds, or a date."""
    text = response.headers.get("Retry-After", "")
    if text.isdecimal():
        return float(text)
    try:
        moment: datetime = parsedate_to_datetime(text)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


# --- the cursor -------------------------------------------------------------------------------------------


def _read_cursor(settings: Settings, source: str, entity: str) -> str | None:
    with db.connect(settings, application_name="cercle pull") as connection:
        row = connection.execute(
            "select cursor_value from ops.pull_cursors where source = %s and entity = %s", (source, entity)
        ).fetchone()
    return row[0] if row else None


def _write_cursor(settings: Settings, source: str, entity: str, cursor: str) -> None:
    with db.connect(settings, application_name="cercle pull") as connection:
        connection.execute(
            """
            insert into ops.pull_cursors (source, entity, cursor_value)
            values (%s, %s, %s)
            on conflict (source, entity) do update set
                cursor_value = excluded.cursor_value,
                pulled_at = clock_timestamp()
            """,
            (source, entity, cursor),
        )
        connection.commit()
