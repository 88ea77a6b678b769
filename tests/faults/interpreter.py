"""Imports what it is told to, then forks whatever it is asked for: see `prepared.py`.

On its standard input is a socket, a question in each line: to fork, which is answered with a
number; or how one that has ended did, which is answered with its exit code.
"""

import gc
import json
import os
import runpy
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from typing import Any

from deploy.sandbox.processes import _die_with_parent


def main() -> None:
    for name in sys.argv[1:]:
        import_module(name)
    assert threading.active_count() == 1, "a fork would have one of these threads"
    gc.freeze()
    for asked in asks():
        become(asked)
        sys.argv = asked["argv"]
        runpy.run_module(asked["argv"][0], run_name="__main__", alter_sys=True)


def asks() -> Iterator[dict[str, Any]]:
    """What to become, and only in who is to become that; the interpreter itself stays in here."""
    with socket.socket(fileno=os.dup(0)) as here, here.makefile() as lines:
        for line in lines:
            asked, parent = json.loads(line), os.getpid()
            if "ended" in asked:
                _, status = os.waitpid(asked["ended"], 0)
                here.sendall(str(os.waitstatus_to_exitcode(status)).encode())
                continue
            pid = os.fork()
            if pid == 0:
                _die_with_parent(parent)()
                break
            with suppress(PermissionError, ProcessLookupError):
                os.setpgid(pid, pid)
            here.sendall(str(pid).encode())
        else:
            return
    yield asked


def become(asked: dict[str, Any]) -> None:
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    log = os.open(asked["log_file"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for fd, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, fd)
    os.closerange(3, max(log, nothing) + 1)
    os.environ.clear()
    os.environ.update(asked["env"])


if __name__ == "__main__":
    main()
