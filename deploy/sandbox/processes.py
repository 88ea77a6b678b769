"""Child processes that never outlive the process that started them."""

import atexit
import ctypes
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

from deploy.sandbox.errors import SandboxError

LOG_TAIL_LINES = 20
POLL_S = 0.02
REAP_S = 10.0
"""SIGKILL cannot be refused; a process that is still there after this long hangs in the kernel."""


class ChildFailed(SandboxError):
    """A child ended, or did not get ready in time."""


class Child:
    """One process, in a process group of its own so that Ctrl-C reaches us first."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log_file: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self.argv = tuple(argv)
        self.log_file = log_file
        self.env = env
        self.cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert not self.alive, f"{self.name} is already running"
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._process = _spawner.call(self._open)
        except OSError as error:
            raise ChildFailed(f"{self.name} cannot be started: {error}") from error
        _running.add(self)

    def stop(self, grace_s: float = 10.0) -> None:
        """Ask it to end, and end it when it does not."""
        if not self.alive:
            return
        self._signal(signal.SIGTERM)
        # A stopped process sees SIGTERM only once it runs again.
        self._signal(signal.SIGCONT)
        try:
            self._started.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL to its whole group, and reaped on return."""
        if not self.alive:
            return
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:  # it ended by itself just now
            pass
        self._started.wait(REAP_S)

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def run(self, timeout_s: float) -> None:
        """Start it and return when it has ended well; for tools that do one thing."""
        self.start()
        try:
            self._started.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
        if self.exit_code != 0:
            raise ChildFailed(f"{self.name} failed{_last_words(self)}")

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._started.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number when one ended it."""
        return self._started.poll()

    def log_tail(self, lines_max: int = LOG_TAIL_LINES) -> str:
        """The end of what it wrote to standard output and standard error."""
        try:
            with self.log_file.open("rb") as log:
                size_bytes = log.seek(0, os.SEEK_END)
                log.seek(max(0, size_bytes - 400 * lines_max))
                text = log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines_max:])

    @property
    def _started(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, f"{self.name} was never started"
        return self._process

    def _signal(self, number: signal.Signals) -> None:
        self._started.send_signal(number)

    def _open(self) -> subprocess.Popen[bytes]:
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=None if self.env is None else dict(self.env),
                cwd=self.cwd,
                process_group=0,
                preexec_fn=_die_with_parent(os.getpid()),
            )


def wait_until(
    condition: Callable[[], bool], *, timeout_s: float, what: str, child: Child | None = None
) -> None:
    """Poll until `condition` holds; give up at once when `child` has ended.

    `what` completes the sentence "waited 10 s for …".
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if child is not None and not child.alive:
            raise ChildFailed(f"{child.name} ended ({child.exit_code}){_last_words(child)}")
        if time.monotonic() > deadline:
            raise ChildFailed(f"waited {timeout_s:g} s for {what}{_last_words(child)}")
        time.sleep(POLL_S)


def stop_all(children: Iterable[Child], grace_s: float = 10.0) -> None:
    """In reverse order of start: whoever depends on another is gone before it."""
    for child in reversed(list(children)):
        child.stop(grace_s)


def _last_words(child: Child | None) -> str:
    if child is None:
        return ""
    return f"; the end of {child.log_file}:\n{child.log_tail()}"


PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent(parent_pid: int) -> Callable[[], None] | None:
    """What the child runs between fork and exec; elsewhere than on Linux `atexit` has to do."""
    if _libc is None:
        return None

    def arrange() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent_pid:  # the parent died before the line above
            os._exit(1)

    return arrange


class _Spawner:
    """Forks on a thread that lives as long as the process.

    Linux sends the death signal when the *thread* that forked ends, so a child started on a
    worker of a thread pool would die with that worker.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[tuple[Callable, Future]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def call(self, open_process: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="spawner", daemon=True)
                self._thread.start()
        future: Future[subprocess.Popen[bytes]] = Future()
        self._calls.put((open_process, future))
        return future.result()

    def _serve(self) -> None:
        while True:
            open_process, future = self._calls.get()
            try:
                future.set_result(open_process())
            except BaseException as error:
                future.set_exception(error)


_spawner = _Spawner()
_running: "weakref.WeakSet[Child]" = weakref.WeakSet()


@atexit.register
def _kill_leftovers() -> None:
    for child in list(_running):
        child.kill()
