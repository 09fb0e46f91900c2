"""Runs a command that ends when its caller ends, however that happens; a script that imports no package.

A killed run must not leave a dbt behind that goes on writing. The caller keeps our standard input open; when
the caller dies, by kill -9 too, the system closes it, and we end the command. Works on every POSIX system.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

__all__ = ["main"]


def main(command: list[str]) -> int:
    """Run a command until it ends or our standard input does.

    Args:
        command: program and arguments.

    Returns:
        Its exit code; 128 + n when signal n ended it.
    """
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    # Ctrl-C reaches the command too, in the same process group: it has the time to cancel its queries.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: child.terminate())
    threading.Thread(target=_end_with_caller, args=(child,), daemon=True).start()
    code = child.wait()
    return 128 - code if code < 0 else code


def _end_with_caller(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 4096):
        pass
    child.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
