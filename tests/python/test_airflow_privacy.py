"""The round of requests, upkeep and the watch by `dag.test()`: what they do and say, and what XCom holds."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from cercle.project import create_project
from cercle.settings import Settings
from load_support import note_load
from sinks import HookServer, serving
from test_airflow_dags import in_python

_RUN = """
import json, sqlite3, sys
from cercle.airflow.in_process import airflow_in_process
from cercle.errors import CercleError
from cercle.settings import Settings
settings = Settings.from_env()
done, refusals = {}, {}
def listen(event):
    if event.what == "done":
        done[f"{event.dag_id}.{event.task_id}"] = event.value
with airflow_in_process(settings, listen, settings.log_dir / "dags.log") as dags:
    for name in sys.argv[1:]:
        try:
            dags.run(name)
        except CercleError as error:
            refusals[name] = str(error)
with sqlite3.connect(settings.home / "airflow" / "airflow.db") as metadata:
    xcom = [row[0] for row in metadata.execute("select value from xcom where key = 'return_value'")]
print("ANSWER" + json.dumps({"done": done, "refusals": refusals, "xcom": xcom}))
"""


def run_dags(settings: Settings, *names: str, variables: Mapping[str, str] | None = None) -> Any:
    environment = {
        **os.environ,
        **(variables or {}),
        "CERCLE_HOME": str(settings.home),
        "CERCLE_DSN": settings.dsn or "",
        "CERCLE_PROJECT": str(settings.project_dir),
        "CERCLE_LANDING": str(settings.landing_dir),
    }
    return in_python(_RUN, environment, *names)


def test_the_round_and_upkeep_count_and_the_deadline_is_an_alert(database: Settings) -> None:
    create_project(database)
    landed = database.landing_dir / "store" / "orders" / "old.csv"
    landed.parent.mkdir(parents=True)
    landed.write_text("kept until its term is over\n", encoding="utf-8")
    with psycopg.connect(database.dsn or "") as connection:
        note_load(connection, "store/orders/old.csv", "checked", datetime.now(UTC) - timedelta(days=91))
    found = run_dags(database, "cercle_privacy", "cercle_upkeep")
    assert found["refusals"] == {}
    assert found["done"] == {
        "cercle_privacy.answer_stops": {"answered_count": 0, "left_count": 0},
        "cercle_privacy.check_deadlines": {"open_count": 0},
        "cercle_privacy.apply_retention": {"rejected_count": 1, "file_count": 1, "record_count": 0},
        "cercle_upkeep.purge": {"rewritten_count": 0, "expired_count": 0},
        "cercle_upkeep.keep_up": {"vacuumed_count": 0, "analyzed_count": 0},
        "cercle_upkeep.keep_figures": None,
    }
    assert not landed.exists()

    with psycopg.connect(database.dsn or "") as connection:
        received_at = datetime.now(UTC) - timedelta(days=60)
        connection.execute(
            """
            insert into privacy.requests (
                request_key, right_article, kind, status, received_at, due_date, identity_key, recorded_at
            )
            values ('requests:privacy:R1', '21', 'objection', 'received', %s, %s, repeat('a', 64), now())
            """,
            (received_at, (received_at + timedelta(days=30)).date()),
        )
    late = run_dags(database, "cercle_privacy")
    assert late["done"]["cercle_privacy.answer_stops"] == {"answered_count": 0, "left_count": 1}
    assert "1 requests of persons are late" in late["refusals"]["cercle_privacy"]
    assert "requests:privacy:R1" in late["refusals"]["cercle_privacy"]
    for text in (*found["xcom"], *late["xcom"]):
        assert "@" not in str(text)
        assert "a" * 64 not in str(text)


def test_the_watch_tells_of_the_late_request_by_its_dag(database: Settings) -> None:
    create_project(database)
    with psycopg.connect(database.dsn or "") as connection:
        connection.execute(
            """
            insert into privacy.requests (
                request_key, right_article, kind, status, received_at, due_date, identity_key, recorded_at
            )
            values ('requests:privacy:R1', '15', 'access', 'received', now(), current_date - 2, 'a secret', now())
            """
        )
    hook = HookServer()
    with serving(hook):
        found = run_dags(database, "cercle_watch", variables={"CERCLE_NOTIFY": hook.url})
    assert found["done"] == {"cercle_watch.tell": {"condition_count": 1, "new_count": 1, "over_count": 0}}
    [body] = hook.bodies
    assert [item["kind"] for item in body["items"]] == ["request_late"]


def test_channels_come_from_airflow_connections(database: Settings) -> None:
    connections = {
        "MAIL": {"conn_type": "smtp", "host": "mail.example.org", "port": 587, "login": "u", "password": "hidden",
                 "extra": {"to": ["ops@example.org"], "from": "cercle@example.org"}},
        "CHAT": {"conn_type": "http", "host": "chat.example.org", "password": "token", "extra": {"path": "/hook"}},
        "NOBODY": {"conn_type": "smtp", "host": "mail.example.org"},
        "OTHER": {"conn_type": "postgres", "host": "x"},
    }  # fmt: skip
    code = """
        import json
        from cercle.airflow.watch import _channel
        from cercle.errors import CercleError
        found = {}
        for name in ("mail", "chat", "nobody", "other"):
            try:
                found[name] = vars(_channel(name))
            except CercleError as error:
                found[name] = str(error)
        print("ANSWER" + json.dumps(found))
    """
    variables = {f"AIRFLOW_CONN_{name}": json.dumps(value) for name, value in connections.items()}
    found = in_python(code, {**os.environ, **variables, "AIRFLOW_HOME": str(database.home)})
    assert found["mail"] == {
        "recipients": ["ops@example.org"], "sender": "cercle@example.org", "host": "mail.example.org", "port": 587,
        "user": "u", "password": "hidden", "is_tls_needed": False, "is_tls_first": False,
    }  # fmt: skip
    assert found["chat"] == {
        "url": "https://chat.example.org/hook",
        "headers": {"Authorization": "Bearer token"},
    }
    assert "Nobody is named" in found["nobody"]
    assert "type postgres" in found["other"]
