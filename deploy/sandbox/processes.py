"""Child processes that never outlive the process that started them."""

import atexit
import ctypes
import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from deploy.sandbox.errors import SandboxError

GRACE_S = 10.0
POLL_S = 0.02
REAP_S = 10.0
"""SIGKILL cannot be refused; whatever is still there after this long hangs in the kernel."""
LOG_TAIL_LINES = 20
LOG_LINE_BYTES_MAX = 500


class ChildFailed(SandboxError):
    """A child could not be started, ended, or did not get ready in time."""


class Child:
    """One process, in a group of its own so that Ctrl-C at the terminal reaches only us."""

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
        """Standard output and standard error, appended from start to start."""
        self.env = env
        self.cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert not self.alive, f"{self.name} is already running"
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._process = _forks.submit(self._fork).result()
        except (OSError, subprocess.SubprocessError) as error:
            raise ChildFailed(f"{self.name} cannot be started: {error}") from error
        _started.add(self)

    def run(self, timeout_s: float) -> None:
        """Start it and return when it has ended well: for a tool that does one thing."""
        self.start()
        try:
            wait_until(lambda: not self.alive, timeout_s=timeout_s, what=f"{self.name} to end")
        finally:
            self.kill()
        if self.exit_code != 0:
            raise ChildFailed(_ended(self))

    def stop(self, grace_s: float = GRACE_S) -> None:
        """Ask it to end, and end it when it does not."""
        if not self.alive:
            return
        self._popen.terminate()
        self.resume()  # a paused process sees SIGTERM only once it runs again
        try:
            self._popen.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL to its group; on return it is gone and reaped."""
        if not self.alive:
            return
        try:
            os.killpg(self.pid, signal.SIGKILL)
            self._popen.wait(REAP_S)
        except ProcessLookupError:
            pass  # it ended by itself just now
        except subprocess.TimeoutExpired as error:
            raise ChildFailed(f"{self.name} (process {self.pid}) survives SIGKILL") from error

    def pause(self) -> None:
        self._popen.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._popen.send_signal(signal.SIGCONT)

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; a negative signal number if that is what ended it."""
        return self._popen.poll()

    def log_tail(self, lines_max: int = LOG_TAIL_LINES) -> str:
        """The end of what it wrote."""
        try:
            with self.log_file.open("rb") as log:
                size_bytes = log.seek(0, os.SEEK_END)
                log.seek(max(0, size_bytes - lines_max * LOG_LINE_BYTES_MAX))
                text = log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines_max:])

    @property
    def _popen(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, f"{self.name} was never started"
        return self._process

    def _fork(self) -> subprocess.Popen[bytes]:
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
    """Poll until `condition` holds. Fails after `timeout_s`, or at once when `child` has ended.

    `what` completes "waited 10 s for …".
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if child is not None and not child.alive:
            raise ChildFailed(_ended(child))
        if time.monotonic() > deadline:
            raise ChildFailed(f"waited {timeout_s:g} s for {what}{_last_words(child)}")
        time.sleep(POLL_S)


def stop_all(children: Iterable[Child], grace_s: float = GRACE_S) -> None:
    """In reverse order, so that nobody loses what it depends on; one failure keeps none alive."""
    with ExitStack() as last_first:
        for child in children:
            last_first.callback(child.stop, grace_s)


def _ended(child: Child) -> str:
    return f"{child.name} ended with {child.exit_code}{_last_words(child)}"


def _last_words(child: Child | None) -> str:
    if child is None:
        return ""
    return f"; {child.log_file} ends:\n{child.log_tail()}"


PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None

# Linux sends that signal when the *thread* that forked ends. A child started on a worker of some
# pool would die with that worker, so all forks happen on this one, which ends with the process.
_forks = ThreadPoolExecutor(max_workers=1, thread_name_prefix="forks")

_started: "weakref.WeakSet[Child]" = weakref.WeakSet()


def _die_with_parent(parent_pid: int) -> Callable[[], None] | None:
    """For the child, between fork and exec: SIGKILL for it as soon as its parent is no more."""
    if _libc is None:
        return None

    def arrange() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent_pid:  # it died before the line above
            os._exit(1)

    return arrange


@atexit.register
def _kill_leftovers() -> None:
    """All that other systems than Linux offer: a parent that is killed itself leaves children."""
    for child in list(_started):
        child.kill()
