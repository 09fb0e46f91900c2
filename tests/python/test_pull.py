"""Pulling: pages of a local server that fails in every way; nothing is lost, the cursor moves when all rows are in."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cercle.errors import CercleError
from cercle.pull import Api, Pages, PullResult, pull
from cercle.settings import Settings
from load_support import query
from projects import make_project

PAGES = Pages(
    "2/users/100/mentions",
    {"max_results": "2"},
    next_path="meta.next_token",
    next_param="pagination_token",
    cursor_path="meta.newest_id",
    cursor_param="since_id",
)
TOKEN = "a-secret-token"

Answer = Callable[[BaseHTTPRequestHandler], None]


def post(number: int) -> dict[str, Any]:
    return {
        "id": str(number),
        "author_id": "501",
        "created_at": "2025-03-06T17:20:00.000Z",
        "text": f"Post {number}",
    }


def page(*numbers: int, following: str | None = None) -> dict[str, Any]:
    meta: dict[str, Any] = {"result_count": len(numbers)}
    if numbers:
        meta["newest_id"] = str(max(numbers))
    if following:
        meta["next_token"] = following
    return {"data": [post(number) for number in numbers], "meta": meta}


def says(document: object, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        handler.send_response(status)
        for name, text in headers.items():
            handler.send_header(name.replace("_", "-"), text)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def cuts_off(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"data": [')


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


def sleeps(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(1.5)


@dataclass
class Network:
    """A local API: what it answers next, and what it was asked."""

    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    authorizations: set[str | None] = field(default_factory=set)


@pytest.fixture(name="network")
def local_network() -> Iterator[Network]:
    network = Network()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            network.asked.append(asked)
            network.authorizations.add(self.headers["Authorization"])
            network.answers.pop(0)(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    network.url = f"http://127.0.0.1:{server.server_port}"
    yield network
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Puller:
    """Pulls posts into a database of its own."""

    settings: Settings
    network: Network
    waits: list[float] = field(default_factory=list)

    def __call__(self, *answers: Answer, pages: Pages = PAGES) -> PullResult:
        self.network.answers[:] = answers
        self.network.asked.clear()
        self.waits.clear()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        api = Api(self.network.url, headers, secrets=(TOKEN,), timeout_seconds=0.5)
        return pull(self.settings, "x", "tweets", api, pages, wait=self.waits.append)

    @property
    def cursor(self) -> str | None:
        rows = query(self.settings, "select cursor_value from ops.pull_cursors")
        return rows[0][0] if rows else None

    @property
    def posts(self) -> list[int]:
        rows = query(self.settings, "select tweet_id from raw.x__tweets order by tweet_id")
        return [int(tweet_id.removeprefix("x:")) for (tweet_id,) in rows]


@pytest.fixture(name="puller")
def puller_of_posts(database: Settings, network: Network) -> Puller:
    make_project(database, {"x": {"plugin": "x", "region": "FR", "time_zone": "UTC"}})
    return Puller(database, network)


def test_pages_follow_one_another_and_the_cursor_begins_the_next_pull(puller: Puller) -> None:
    result = puller(says(page(7005, 7004, following="b")), says(page(7003)))
    assert result == PullResult(2, 3, 0, 0)
    assert puller.network.asked == [{"max_results": "2"}, {"max_results": "2", "pagination_token": "b"}]
    assert puller.network.authorizations == {f"Bearer {TOKEN}"}
    assert (puller.cursor, puller.posts) == ("7005", [7003, 7004, 7005])

    assert puller(says(page(7006, 7005))) == PullResult(1, 1, 1, 0)
    assert puller.network.asked == [{"max_results": "2", "since_id": "7005"}]
    assert puller.cursor == "7006"

    assert puller(says(page())) == PullResult(1, 0, 0, 0)
    assert puller.cursor == "7006"


@pytest.mark.parametrize(
    ("failure", "pauses"),
    [
        (says(b"slow down", 429, Retry_After="7"), [7.0]),
        (says(b"slow down", 429), [1.0]),
        (says(b"", 429, Retry_After="Sun, 06 Nov 1994 08:49:37 GMT"), [0.0]),
        (says(b"", 500), [1.0]),
        (says(b"", 503, Retry_After="2"), [2.0]),
        (cuts_off, [1.0]),
        (hangs_up, [1.0]),
        (sleeps, [1.0]),
    ],
    ids=["429 with seconds", "429", "429 with a date", "500", "503", "cut off", "hangs up", "too slow"],
)
def test_what_passes_by_itself_is_tried_again(failure: Answer, pauses: list[float], puller: Puller) -> None:
    result = puller(says(page(2, following="b")), failure, says(page(1)))
    assert (result.page_count, puller.posts, puller.waits) == (2, [1, 2], pauses)
    assert puller.network.asked[1] == puller.network.asked[2]


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ([says(b"", 500)] * 5, "answered 500, 5 times"),
        ([sleeps] * 5, "ReadTimeout, 5 times"),
        ([says(b"", 429, Retry_After="3600")], "answered 429, 1 times"),
        ([says(b"", 401)], "answered 401"),
        ([says(b"", 302, Location="http://127.0.0.1:1/")], "answered 302"),
        ([says(b"<html>Please sign in, secret@exemple.fr</html>")], "no JSON"),
        ([says(page(1, following="b"))], "in circles"),
    ],
    ids=[
        "500 for ever",
        "too slow for ever",
        "429 for an hour",
        "401",
        "a redirect",
        "for people",
        "in circles",
    ],
)
def test_what_does_not_pass_leaves_the_cursor(answers: list[Answer], sentence: str, puller: Puller) -> None:
    puller(says(page(1)))
    with pytest.raises(CercleError, match=sentence) as caught:
        puller(says(page(3, following="b")), *answers)
    assert (puller.cursor, puller.posts) == ("1", [1, 3])  # the first page is in
    assert not any(secret in str(caught.value) for secret in (TOKEN, "secret@", "pagination"))

    puller(says(page(3, following="b")), says(page(2)))  # what came before it is asked for again
    assert puller.network.asked[0]["since_id"] == "1"
    assert (puller.cursor, puller.posts) == ("3", [1, 2, 3])


def test_the_next_page_may_be_an_address_of_the_same_host_alone(puller: Puller) -> None:
    pages = Pages("me/posts", next_path="paging.next", cursor_path="meta.newest_id")
    own = f"{puller.network.url}/me/posts?after=b&access_token={TOKEN}"
    puller(says(page(2) | {"paging": {"next": own}}), says(page(1)), pages=pages)
    assert puller.network.asked == [{}, {"after": "b", "access_token": TOKEN}]
    files = list(puller.settings.landing_dir.glob("x/tweets/*.json"))
    assert len(files) == 2
    assert not any(TOKEN in file.read_text(encoding="utf-8") for file in files)

    other = "https://elsewhere.exemple.fr/me/posts?after=b"
    with pytest.raises(CercleError, match="another host"):
        puller(says(page(4) | {"paging": {"next": other}}), pages=pages)
    assert puller.cursor == "2"


def test_a_page_that_is_too_large_is_refused(puller: Puller) -> None:
    with pytest.raises(CercleError, match="larger than 16 MiB"):
        puller(says(b"[" + b" " * (17 << 20) + b"]"))
    assert puller.cursor is None
