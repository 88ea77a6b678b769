"""Processes that have nothing to import any more: each is forked from an interpreter that has.

An executor's imports are more than a second of CPU, and nearly all that a test spends which starts
several. What is forked is a process like any other, with a group, an environment and a log of its
own, in which `python -m` runs the very module that a user starts.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.sandbox.processes import Child
from tests.source import ROOT

ANSWER_BYTES_MAX = 64
WITHIN_S = 60.0


def prepared(
    name: str,
    argv: Sequence[str],
    modules: tuple[str, ...],
    *,
    log_file: Path,
    env: Mapping[str, str],
) -> Child:
    """`argv` is what follows `python -m`; the modules are imported beforehand, where a system can
    do that."""
    if not hasattr(os, "pidfd_open"):
        argv = (sys.executable, "-m", *argv)
        return Child(name, argv, log_file=log_file, env=env, cwd=ROOT)
    return PreparedChild(name, argv, modules, log_file=log_file, env=env)


class PreparedChild(Child):
    """Made by `prepared`."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        modules: tuple[str, ...],
        *,
        log_file: Path,
        env: Mapping[str, str],
    ) -> None:
        super().__init__(name, argv, log_file=log_file, env=env, cwd=ROOT)
        self._modules = modules

    def _fork(self) -> "Forked":
        if self._modules not in _interpreters:
            _interpreters[self._modules] = Interpreter(self._modules)
        self.log_file.touch()  # who waits for its words may look before it has begun
        return _interpreters[self._modules].fork(self.argv, self.env, self.log_file)


class Forked:
    """As much of a `Popen` as a `Child` needs. The interpreter is its parent, and is asked for its
    exit code only once it has ended: until then its number is nobody else's."""

    def __init__(self, pid: int, parent: "Interpreter") -> None:
        self.pid, self.returncode = pid, None
        self._parent, self._fd = parent, os.pidfd_open(pid)
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
        return code

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def _ended(self, within_s: float | None) -> int | None:
        if self.returncode is None and _readable(self._fd, within_s):
            with self._lock:
                if self.returncode is None:
                    self.returncode = self._parent.exit_code(self.pid)
        return self.returncode

    def __del__(self) -> None:
        os.close(self._fd)


class Interpreter:
    """`tests.faults.interpreter`, asked one thing at a time. It ends when nobody can ask."""

    def __init__(self, modules: Sequence[str]) -> None:
        self._socket, its = socket.socketpair()
        self._socket.settimeout(WITHIN_S)
        self._lock = threading.Lock()
        argv = (sys.executable, "-m", "tests.faults.interpreter", *modules)
        self._process = subprocess.Popen(
            argv, stdin=its, stdout=subprocess.DEVNULL, cwd=ROOT, process_group=0
        )
        its.close()

    def fork(self, argv: Sequence[str], env: Mapping[str, str], log_file: Path) -> Forked:
        asked = {"argv": list(argv), "env": dict(env), "log_file": str(log_file)}
        return Forked(self._answer(asked), self)

    def exit_code(self, pid: int) -> int:
        return self._answer({"ended": pid})

    def end(self) -> None:
        self._socket.close()
        self._process.wait(WITHIN_S)

    def _answer(self, asked: object) -> int:
        with self._lock:
            self._socket.sendall(json.dumps(asked).encode() + b"\n")
            answer = self._socket.recv(ANSWER_BYTES_MAX)
        if not answer:
            raise OSError("the interpreter has ended")
        return int(answer)


_interpreters: dict[tuple[str, ...], Interpreter] = {}


def end_interpreters() -> None:
    while _interpreters:
        _interpreters.popitem()[1].end()


def _readable(fd: int, within_s: float | None) -> bool:
    """A process's descriptor is so once it has ended."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(None if within_s is None else within_s * 1000))
