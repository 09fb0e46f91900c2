"""The page of operations in a running Airflow: who may see it, what it shows, and how it looks in a real browser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

import browser
from cercle import db
from cercle import server as embedded
from cercle.airflow.environment import AirflowHome, apply, free_port
from cercle.settings import Settings

WHAT_HAPPENED = """
insert into ops.loads (
    source, plugin, entity, file_name, file_sha256, file_byte_count, contract_version, contract_sha256, state,
    state_reason, read_count, stored_count, rejected_count, started_at, loaded_at, duration_seconds
)
select
    source, plugin, entity, file_name, file_name, 1, '1', 'x', state,
    reason, stored_count + rejected_count, stored_count, rejected_count, now(), now() - age::interval, 2
from (
    values
    ('store', 'store', 'orders', 'store/orders/1.csv', 'checked', null, 1249, 1, '0 s'),
    ('till', 'store', 'orders', 'till/orders/1.csv', 'quarantined', 'Half of the rows are refused', 10, 30, '2 h'),
    ('forum', 'social', 'interactions', '1.jsonl', 'checked', null, 1, 0, '11 days'),
    ('forum', 'social', 'interactions', '2.jsonl', 'checked', null, 1, 0, '10 days')
) as loads (source, plugin, entity, file_name, state, reason, stored_count, rejected_count, age);

insert into ops.builds (state, as_of, cercle_version, error)
values ('published', now() - interval '1 day', 'test', null), ('failed', now(), 'test', 'A rule <b>did</b> not hold');
insert into ops.build_loads values (2, 1);
insert into ops.build_steps (build_id, step, state, started_at, finished_at)
values (2, 'staging', 'done', now(), now() + interval '3.25 s'), (2, 'intermediate', 'failed', now(), now());
insert into ops.publications (build_id, as_of) values (1, now() - interval '1 day');
insert into ops.publication_changes values (1, 'orders', 5, 4, 3, 100);
insert into ops.quality_results (
    border, suite, expectation, relation, load_id, build_id, outcome, severity, message, unexpected_count
) values
('raw', 'raw.orders', 'e', 'raw.store__orders', 1, null, 'passed', 'warning', 'holds', 0),
('marts', 'marts.match', 'e', 'marts.customer_360', null, 2, 'failed', 'critical', 'Nine in ten records are linked', 7);
insert into privacy.requests (
    request_key, right_article, kind, status, received_at, due_date, identity_key, recorded_at
) values
('requests:privacy:Ana-Durand', '17', 'erasure', 'open', now() - interval '40 days', current_date - 9, 'secret', now()),
('requests:privacy:2', '15', 'access', 'open', now(), current_date + 30, 'secret', now());
insert into ops.quality_statistics (suite, statistic, subject, day, value)
select 'raw.every_load', 'read_count', 'store/orders', current_date - age, value
from (values (0, 30), (3, 900), (7, 100), (14, 120)) as days (age, value);
insert into ops.recent_alerts (alert_id, publication_id, kind, campaign_id, day_date, contact_count, customer_count)
values ('a', 1, 'campaign_backlash', 'spring', current_date, 31, 28);
"""


@pytest.fixture(scope="module")
def airflow(
    server: Settings, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., tuple[int, str]]]:
    """An API server with sign-in over a warehouse in which something has happened; called, it fetches a page."""
    folder = tmp_path_factory.mktemp("page")
    with psycopg.connect(embedded.url(server, "postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database page template {}").format(sql.Identifier(template_database))
        )
    settings = replace(
        server,
        home=folder,
        dsn=embedded.url(server, "page"),
        project_dir=folder / "project",
        landing_dir=folder,
    )
    with db.connect(settings) as connection:
        connection.execute(WHAT_HAPPENED.encode())
    home = AirflowHome(settings, port=free_port(0))
    environment = apply(home, os.environ) | {
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "vera:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
    }
    command = [sys.executable, "-m", "airflow"]
    subprocess.run([*command, "db", "migrate"], env=environment, capture_output=True, check=True, timeout=200)
    with (folder / "api-server.log").open("wb") as log:
        process = subprocess.Popen([*command, "api-server"], env=environment, stdout=log, stderr=log)

    def fetch(path: str, token: str | None = None, body: dict[str, str] | None = None) -> tuple[int, str]:
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{home.url}{path}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    fetch.url = home.url  # type: ignore[attr-defined]
    try:
        _wait_until_ready(fetch, process, folder)
        password = json.loads((folder / "passwords.json").read_text())["vera"]
        status, answer = fetch("/auth/token", body={"username": "vera", "password": password})
        assert status == 201, answer
        fetch.token = json.loads(answer)["access_token"]  # type: ignore[attr-defined]
        yield fetch
    finally:
        process.kill()
        process.wait()
        with psycopg.connect(embedded.url(server, "postgres"), autocommit=True) as connection:
            connection.execute("drop database page with (force)")


def _wait_until_ready(fetch: Callable[..., tuple[int, str]], process: Any, folder: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, (folder / "api-server.log").read_text()[-2000:]
        try:
            if fetch("/api/v2/version")[0] == 200:
                return
        except OSError:
            time.sleep(0.3)
    raise AssertionError("the API server is not ready after 120 s")


def test_nobody_sees_it_without_airflows_sign_in(airflow: Any) -> None:
    for path in ("/cercle/", "/cercle/operations.json", "/cercle/quality", "/cercle/quality.json"):
        assert airflow(path)[0] == 401
        assert airflow(path, token="made.up.token")[0] in (401, 403)
        assert airflow(path, token=airflow.token)[0] == 200
    assert airflow("/cercle/openapi.json", token=airflow.token)[0] == 404


def test_it_tells_what_an_operator_must_know_and_nothing_of_a_person(airflow: Any) -> None:
    _, answer = airflow("/cercle/operations.json", token=airflow.token)
    found = json.loads(answer)
    sources = {row["source"]: row for row in found["sources"]}
    assert sources["store"]["stored_count"] == 1249
    assert sources["till"]["quarantined_count"] == 1
    assert [name for name, row in sources.items() if row["is_overdue"]] == ["forum"], (
        "a day apart, then ten days of silence"
    )
    layers = {
        row["layer"]: (row["state"], row["seconds"], row["check_count"], row["failed_count"])
        for row in found["layers"]
    }
    assert layers == {
        "raw": ("done", 2, 1, 0),
        "staging": ("done", 3.25, 0, 0),
        "intermediate": ("failed", 0, 0, 0),
        "marts": (None, None, 1, 1),
    }
    assert [(row["source"], row["state"]) for row in found["kept_out"]] == [("till", "quarantined")]
    assert [row["message"] for row in found["checks"]] == ["Nine in ten records are linked"]
    assert [(row["kind"], row["open_count"], row["late_count"]) for row in found["requests"]] == [
        ("erasure", 1, 1),
        ("access", 1, 0),
    ]
    assert [(row["campaign_id"], row["customer_count"]) for row in found["alerts"]] == [("spring", 28)]
    assert found["publication"]["updated_count"] == 4

    _, page = airflow("/cercle/", token=airflow.token)
    for text in (answer, page):
        assert "Ana-Durand" not in text
        assert "secret" not in text
    assert "A rule &lt;b&gt;did&lt;/b&gt; not hold" in page, (
        "what comes from the database is text, never markup"
    )
    assert "<script" not in page


def test_quality_is_told_day_by_day_with_what_is_usual(airflow: Any) -> None:
    _, answer = airflow("/cercle/quality.json", token=airflow.token)
    found = json.loads(answer)
    (today,) = found["days"]
    assert {suite: by_day[today]["failed_count"] for suite, by_day in found["suites"].items()} == {
        "marts.match": 1,
        "raw.orders": 0,
    }
    assert found["suites"]["marts.match"][today]["is_critical"]
    assert [(rule["message"], rule["failure_count"]) for rule in found["rules"]] == [
        ("Nine in ten records are linked", 1)
    ]
    assert [(load["source"], load["state"]) for load in found["kept_out"]] == [("till", "quarantined")]
    (volume,) = found["statistics"]
    assert (volume["value"], volume["usual_value"], volume["day_count"]) == (30, 110, 2)

    _, page = airflow("/cercle/quality", token=airflow.token)
    for words in (
        "Half of the rows are refused",
        "Nine in ten records are linked",
        "cercle check release",
        "110",
    ):
        assert words in page
    assert "<script" not in page
    assert "http" not in page


@pytest.fixture(scope="module")
def tab(airflow: Any) -> Iterator[browser.Page]:
    """A tab of a browser that is signed in."""
    if browser.EXECUTABLE is None:
        pytest.skip("no Chromium on this machine (on Debian: apt-get install chromium)")
    with browser.browser() as page:
        page.call("Network.setCookie", name="_token", value=airflow.token, url=airflow.url)
        yield page


def test_it_stands_in_airflows_menu(airflow: Any, tab: browser.Page) -> None:
    tab.size(1300, 900)
    tab.open(f"{airflow.url}/plugin/cercle")
    tab.wait_for("document.querySelector('iframe')?.contentDocument?.querySelector('#sources') != null")
    assert "store" in tab.ask("document.querySelector('iframe').contentDocument.body.innerText")


def test_it_fits_a_telephone_and_follows_light_and_dark(airflow: Any, tab: browser.Page) -> None:
    brightness = {}
    for scheme in ("light", "dark"):
        tab.prefer(scheme)
        for width in (320, 768, 1600):
            tab.size(width, 800)
            for path in ("quality", ""):
                tab.open(f"{airflow.url}/cercle/{path}")
                fits = tab.ask("document.scrollingElement.scrollWidth <= window.innerWidth")
                assert fits, (scheme, width, path)
        colours = tab.ask(
            "['color', 'backgroundColor'].map(name => getComputedStyle(document.body)[name].match(/\\d+/g).map(Number))"
        )
        ink, paper = (sum(parts[:3]) for parts in colours)
        brightness[scheme] = (ink, paper)
    assert brightness["light"][1] - brightness["light"][0] > 350, "dark ink on light paper"
    assert brightness["dark"][0] - brightness["dark"][1] > 350, "light ink on dark paper"


def test_it_is_read_with_the_keyboard_alone(airflow: Any, tab: browser.Page) -> None:
    tab.size(360, 800)
    tab.open(f"{airflow.url}/cercle/")
    tab.complaints.clear()
    tab.press("Tab")
    assert tab.ask("document.activeElement.className") == "skip"
    assert tab.ask("document.activeElement.getBoundingClientRect().left >= 0"), "seen when it has the focus"
    tab.press("Enter")
    visited = []
    for _ in range(6):
        tab.press("Tab")
        visited.append(tab.ask("document.activeElement.id"))
    assert visited == ["layers", "kept-out", "checks", "publications", "requests", "alerts"], (
        "on from the sources"
    )
    unnamed = tab.ask(
        "[...document.querySelectorAll('[tabindex]')].filter(e => !e.getAttribute('aria-label')).length"
    )
    assert unnamed == 0
    assert tab.complaints == []
