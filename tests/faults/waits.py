"""Waiting for a process to do something, while the test's own loop goes on."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from deploy.sandbox.processes import Child, wait_until

WITHIN_S = 900.0 if os.environ.get("MENDLOG_SOAK") == "1" else 120.0
"""So long nothing may hang, on a machine that stands still now and then; those that `make soak`
runs may take their time."""


async def ended(worker: Child) -> None:
    await until(lambda: not worker.alive, f"the end of {worker.name}")


async def said(worker: Child, text: str, times: int = 1) -> None:
    """Returns when its log holds the text; fails at once if it ends without."""

    def has_said() -> bool:
        return worker.log_file.read_text().count(text) >= times

    await until(has_said, f"{worker.name} to say {text!r}", worker)


async def until(condition: Callable[[], bool], what: str, child: Child | None = None) -> None:
    await asyncio.to_thread(wait_until, condition, timeout_s=WITHIN_S, what=what, child=child)


async def reached(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Returns when the broker's answers say so."""
    try:
        async with asyncio.timeout(WITHIN_S):
            # The broker tells of nothing by itself.
            while not await condition():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"waited {WITHIN_S:g} s for {what}") from None


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Says how long it took: how long is told, and never judged."""
    began_s = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - began_s:.1f} s")
