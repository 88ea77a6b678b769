"""Waiting for a process to do something, while the test's own loop goes on."""

import asyncio
from collections.abc import Callable

from deploy.sandbox.processes import Child, wait_until

WITHIN_S = 60.0


async def ended(worker: Child) -> None:
    await until(lambda: not worker.alive, f"the end of {worker.name}")


async def said(worker: Child, text: str, times: int = 1) -> None:
    """Returns when its log holds the text; fails at once if it ends without."""

    def has_said() -> bool:
        return worker.log_file.read_text().count(text) >= times

    await until(has_said, f"{worker.name} to say {text!r}", worker)


async def until(condition: Callable[[], bool], what: str, child: Child | None = None) -> None:
    await asyncio.to_thread(wait_until, condition, timeout_s=WITHIN_S, what=what, child=child)
