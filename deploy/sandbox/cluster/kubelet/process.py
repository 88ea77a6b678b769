"""One run of a container: a local process, and everything seen of it from outside."""

import asyncio
import os
import signal
from pathlib import Path

import psutil

from deploy.sandbox.cluster.objects import Json
from deploy.sandbox.processes import Child

PORT_POLL_S = 0.01
END_POLL_S = 0.02
MEMORY_POLL_S = 0.25
UNITS = {
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "": 1,
}


class Process:
    """Started on construction."""

    def __init__(
        self, title: str, argv: list[str], env: dict[str, str], log_file: Path, port_file: Path
    ) -> None:
        port_file.unlink(missing_ok=True)
        self._port_file = port_file
        self._child = Child(title, argv, log_file=log_file, env=env, cwd=port_file.parent)
        self._child.start()
        self.pid = self._child.pid
        self.out_of_memory = False
        self._gone = _end_of(self._child)

    async def ended(self) -> int:
        """Wait for its end; the exit code as a shell would show it."""
        await self._gone.wait()
        self._end_group()
        code = self._child.exit_code
        assert code is not None
        return code if code >= 0 else 128 - code

    async def port(self) -> int:
        """The port it listens on, once it says so."""
        while not self._port_file.exists():  # noqa: ASYNC110 (a file has no event)
            await asyncio.sleep(PORT_POLL_S)
        return int(self._port_file.read_text())

    async def stop(self, grace_s: float) -> None:
        """SIGTERM, and SIGKILL when that does not help in time."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_s):
                await self.ended()
        except TimeoutError:
            self.kill()

    def kill(self) -> None:
        self._child.kill()

    async def keep_within(self, limit_bytes: int) -> None:
        """Kill it when it takes more memory, as the kernel does with a container."""
        while True:
            if self._resident_bytes() > limit_bytes:
                self.out_of_memory = True
                self.kill()
                return
            await asyncio.sleep(MEMORY_POLL_S)

    def _end_group(self) -> None:
        """What it has started goes with it. Before it is reaped its id belongs to nobody else."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass

    def _resident_bytes(self) -> int:
        try:
            return psutil.Process(self.pid).memory_info().rss
        except psutil.NoSuchProcess:
            return 0

    def _signal(self, number: signal.Signals) -> None:
        if self._child.alive:
            os.kill(self.pid, number)


def _end_of(child: Child) -> asyncio.Event:
    """Set when the process has ended. On Linux the kernel tells, elsewhere we have to ask."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    if not hasattr(os, "pidfd_open"):
        _ask_until_gone(loop, child, gone)
        return gone
    handle = os.pidfd_open(child.pid)

    def note() -> None:
        loop.remove_reader(handle)
        os.close(handle)
        gone.set()

    loop.add_reader(handle, note)
    return gone


def _ask_until_gone(loop: asyncio.AbstractEventLoop, child: Child, gone: asyncio.Event) -> None:
    if child.alive:
        loop.call_later(END_POLL_S, _ask_until_gone, loop, child, gone)
    else:
        gone.set()


def memory_limit_bytes(container: Json) -> int | None:
    text = container.get("resources", {}).get("limits", {}).get("memory")
    if text is None:
        return None
    digits = text.rstrip("KMGik")
    return int(float(digits) * UNITS[text.removeprefix(digits)])
