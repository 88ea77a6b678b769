"""A process that runs until it is told to stop."""

import asyncio
import signal


async def until_told_to_stop(*working: "asyncio.Task[None]") -> None:
    """Returns at SIGTERM or SIGINT. Raises what ended one of the tasks, as none should end."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    waiting = asyncio.create_task(told.wait())
    try:
        await asyncio.wait([waiting, *working], return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    for task in working:
        if task.done():
            task.result()
