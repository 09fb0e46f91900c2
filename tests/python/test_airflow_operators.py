"""How an operator fails: what can pass by itself is tried again with growing pauses, the rest is not; a late run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cercle.errors import (
    EXIT_DATABASE,
    EXIT_DIFFERENCE,
    EXIT_INTERRUPTED,
    EXIT_LOCKED,
    EXIT_REFUSED,
    EXIT_USAGE,
)
from cercle.settings import Settings
from sinks import HookServer, serving
from test_airflow_dags import airflow_variables, in_python

_FAIL = """
import json, sys
from datetime import timedelta
from airflow.sdk.exceptions import AirflowFailException
from cercle.airflow import TaskOptions
from cercle.airflow.operators import CercleOperator
from cercle.errors import CercleError

class Failing(CercleOperator):
    error = None
    def run_step(self, settings, context):
        raise self.error

def is_final(error):
    task = Failing(task_id="fails")
    task.error = error
    try:
        task.execute({})
    except AirflowFailException:
        return True
    except Exception as raised:
        return False if "hidden" not in str(raised) else "it tells a value"

codes = json.loads(sys.argv[1])
print("ANSWER" + json.dumps({
    "final": {code: is_final(CercleError("no", exit_code=code)) for code in codes},
    "driver": is_final(OSError("hidden")),
    "arguments": {name: str(value) for name, value in TaskOptions().arguments().items()},
}))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Any:
    settings = Settings.from_env({"CERCLE_HOME": str(tmp_path_factory.mktemp("operators"))})
    codes = [EXIT_DIFFERENCE, EXIT_USAGE, EXIT_REFUSED, EXIT_DATABASE, EXIT_LOCKED, EXIT_INTERRUPTED]
    return in_python(_FAIL, airflow_variables(settings), str(codes))


def test_only_what_can_pass_is_tried_again(told: Any) -> None:
    assert told["final"] == {
        str(EXIT_DIFFERENCE): True,
        str(EXIT_USAGE): True,
        str(EXIT_REFUSED): True,
        str(EXIT_DATABASE): False,
        str(EXIT_LOCKED): False,
        str(EXIT_INTERRUPTED): False,
    }
    assert told["driver"] is False, (
        "the unexpected may pass, and its message, which may quote a row, is not shown"
    )


def test_the_pauses_grow_up_to_half_an_hour(told: Any) -> None:
    assert told["arguments"] == {
        "owner": "cercle",
        "retries": "2",
        "retry_delay": "0:01:00",
        "retry_exponential_backoff": "2.0",
        "max_retry_delay": "0:30:00",
        "execution_timeout": "2:00:00",
    }


_LATE = """
import json
from pathlib import Path
from cercle.airflow import TaskOptions, build_dags
from cercle.airflow.watch import tell_late

build = build_dags(Path.cwd(), sources=["store"])["cercle_build"]
[alert] = build.deadline
tell_late({
    "dag_run": {"dag_id": "cercle_build", "dag_run_id": "scheduled-1", "state": "queued"},
    "deadline": {"id": "1", "deadline_time": "2026-11-23 03:00:00+00:00"},
}, **alert.callback.kwargs)
print("ANSWER" + json.dumps({"path": alert.callback.path, "seconds": alert.interval.total_seconds()}))
"""


def test_a_build_that_is_late_is_told_to_whom_the_watch_tells(tmp_path: Path) -> None:
    settings = Settings.from_env({"CERCLE_HOME": str(tmp_path)})
    with serving(hook := HookServer()):
        found = in_python(_LATE, {**airflow_variables(settings), "CERCLE_NOTIFY": hook.url})
    assert found == {"path": "cercle.airflow.watch.tell_late", "seconds": 3 * 3600}
    [body] = hook.bodies
    [item] = body["items"]
    assert (item["kind"], item["key"]) == ("run_late", "scheduled-1")
    assert "should have ended by 2026-11-23 03:00 UTC; it is queued" in body["text"]
