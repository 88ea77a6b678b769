"""Time that passes as soon as everybody waits for it: what is due is exact, on any machine."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

LOOK_S = 0.05
"""How long the network is really listened to before a timer is said to have come."""


class _Hurry(selectors.DefaultSelector):
    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            return super().select(None)
        ready = super().select(min(timeout, LOOK_S))
        if not ready:
            self.now_s += max(0.0, timeout)
        return ready


def _loop() -> asyncio.AbstractEventLoop:
    hurry = _Hurry()
    loop = asyncio.SelectorEventLoop(hurry)
    loop.time = lambda: hurry.now_s  # type: ignore[method-assign]
    return loop


def hurried(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test whose loop has such a time, from 0 on. Not for one that waits for a thread or another
    process: they take real time, and whatever bounds the wait would be over at once."""

    @wraps(test)
    def run(*given: Any, **named: Any) -> None:
        with asyncio.Runner(loop_factory=_loop) as runner:
            runner.run(test(*given, **named))

    return run
