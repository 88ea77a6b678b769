"""A process of the simulated world: an event loop of its own on the world's time.

Killed, nothing of it runs any more, not even what would clean up. Stopped, nothing of it runs until
it goes on; then everything that came meanwhile runs at once, on a clock that went on.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any, NoReturn

from tests.simulation.timeline import Handle, Timeline

TASKS_MAX = 32
"""So many are kept before those that have ended are let go."""
CLOSED_TIMES_MAX = 5
"""How often a coroutine may wait again while it is closed; a TaskGroup does once."""

Work = Coroutine[Any, Any, Any] | Generator[Any, None, Any]


class Process(asyncio.AbstractEventLoop):
    def __init__(self, name: str, timeline: Timeline, on_death: Callable[[], None]) -> None:
        self.name = name
        self.dead = False
        self.stopped = False
        self.began_s = timeline.now_s
        self.cut_off = False
        """What it sends is long on its way."""
        self.steps = 0
        self._strike: tuple[int, Callable[[], None]] | None = None
        """What happens to it, and after which of its steps."""
        self.timeline = timeline
        self._point: tuple[str, int, Callable[[], None]] | None = None
        self._on_death = on_death
        self._tasks: list[asyncio.Task[Any]] = []
        """All that have not ended, and some that have."""
        self._tasks_max = TASKS_MAX
        self._ready: deque[Handle] = deque()
        self._missed: deque[Handle] = deque()

    # What the world does with it.

    def begin(self, main: Callable[[], Work]) -> None:
        self.happens(Handle(lambda: self.create_task(main()), ()))

    def happens(self, handle: Handle) -> None:
        if self.dead:
            return
        if self.stopped:
            self._missed.append(handle)
            return
        self._ready.append(handle)
        if not self.timeline.busy:
            self._run()

    def _run(self) -> None:
        ready = self._ready
        asyncio._set_running_loop(self)
        self.timeline.busy = True
        try:
            while ready and not self.dead and not self.stopped:
                ready.popleft().run()
                self.steps += 1
                if self._strike is not None and self.steps >= self._strike[0]:
                    strike, self._strike = self._strike[1], None
                    strike()
        finally:
            self.timeline.busy = False
            asyncio._set_running_loop(None)

    def strike_after(self, steps: int, strike: Callable[[], None]) -> None:
        """After that many of its steps from now on."""
        self._strike = (self.steps + steps, strike)

    def strike_at(self, point: str, strike: Callable[[], None], steps: int = 1) -> None:
        """So many steps after it next reaches a point of that name, or right there; if it never
        does, never."""
        self._point = (point, steps, strike)

    def cut(self) -> None:
        self.cut_off = True

    def spare(self) -> None:
        self.cut_off = False
        self._strike = self._point = None

    def reached(self, point: str) -> None:
        if self._point is not None and self._point[0] in point:
            _, steps, strike = self._point
            self._point = None
            if steps:
                self._strike = (self.steps + steps, strike)
            else:
                strike()

    def stop_for_now(self) -> None:
        self.stopped = True

    def go_on(self) -> None:
        self.stopped = False
        missed, self._missed = self._missed, deque()
        self._ready += missed
        self._run()

    def kill(self) -> None:
        """Also from inside, as `os._exit`: whatever the rest of this step does reaches nobody."""
        if not self.dead:
            self.dead = True
            self.timeline.after(0, None, self.bury)
            self._on_death()

    def bury(self) -> None:
        """What is left would be cleaned up whenever Python gets to it, in some later world."""
        self.dead = True
        tasks, self._tasks = self._unended(), []
        for task in tasks:
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            _close(task.get_coro())
        self._ready.clear()
        self._missed.clear()

    # What asyncio asks of a loop.

    def time(self) -> float:
        return self.timeline.now_s

    def call_soon(
        self,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> Any:
        handle = Handle(callback, args)
        self._ready.append(handle)
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> Any:
        return self.timeline.at(when, self, callback, *args)

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> Any:
        return self.timeline.after(delay, self, callback, *args)

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Work, **named: Any) -> asyncio.Task[Any]:
        task = asyncio.Task(coro, loop=self, **named)
        self._tasks.append(task)
        if len(self._tasks) > self._tasks_max:
            self._tasks = self._unended()
            self._tasks_max = TASKS_MAX + 2 * len(self._tasks)
        return task

    def _unended(self) -> list[asyncio.Task[Any]]:
        """asyncio's own `all_tasks` goes through those of every process and world."""
        return [task for task in self._tasks if not task.done()]

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return self.dead

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Of a task that nobody looks after any more: what it died of is told where it matters."""


async def never() -> NoReturn:
    """What the dead wait for."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError("a dead process goes on")


def _close(work: Any) -> None:
    for _ in range(CLOSED_TIMES_MAX):
        try:
            work.close()
        except BaseException:
            continue
        return
