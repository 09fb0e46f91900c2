"""A dbt that stays for many commands, and is gone with its caller; a script that imports no package of ours.

Loading dbt takes longer than many of its commands, so a run that calls it several times keeps one. Each line of
standard input is a request, `{"arguments": [...], "environment": {...}, "results": file or null}`; dbt's log goes to
standard output as it would, and the line `{"exit": code}` ends it. A file for results receives what cercle reads of
run_results.json, for commands that are told not to write dbt's own files. When the caller dies, by kill -9 too, the
system closes our standard input: we end at once, in the middle of a command if need be.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import Any

__all__: list[str] = []


def _read(requests: queue.Queue[str]) -> None:
    for line in sys.stdin:
        requests.put(line)
    os._exit(1)


def _write_results(ended: Any, file: str) -> None:
    results = [
        {
            "unique_id": node.node.unique_id,
            "status": str(node.status),
            "execution_time": node.execution_time,
            "timing": [timing.to_dict() for timing in node.timing],
            "adapter_response": node.adapter_response,
            "message": node.message,
            "failures": node.failures,
        }
        for node in getattr(ended, "results", ())
    ]
    Path(file).write_text(json.dumps({"results": results}, default=str), encoding="utf-8")


def main() -> None:
    """Serve until standard input ends."""
    requests: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    from dbt.cli.main import dbtRunner

    while True:
        request = json.loads(requests.get())
        os.environ.clear()
        os.environ.update(request["environment"])
        result = dbtRunner().invoke(request["arguments"])
        code = 0 if result.success else 2 if result.exception else 1
        if request["results"] and result.result is not None:
            _write_results(result.result, request["results"])
        sys.stdout.flush()
        print(json.dumps({"exit": code}), flush=True)


if __name__ == "__main__":
    main()
