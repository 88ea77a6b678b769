"""A consumer that is late to go where it is sent: some records come from where it was before.

So it is where the broker takes its time over that request. What is late is Faust's own consumer,
whoever sends it: `LATE_SEEKS=20` lets 20 records come before the first seek, or as many as do in
`WITHIN_S`.
"""

import asyncio
import os
from contextlib import suppress

from faust.transport.consumer import Consumer

WITHIN_S = 5.0


def make_seeks_late() -> None:
    records_first = int(os.environ.get("LATE_SEEKS", "0"))
    if records_first:
        _make_late(records_first)


def _make_late(records_first: int) -> None:
    getmany, seek, perform_seek = Consumer.getmany, Consumer.seek, Consumer.perform_seek
    sought, enough = asyncio.Event(), asyncio.Event()
    came = 0

    async def counted(self, timeout):
        nonlocal came
        async for found in getmany(self, timeout):
            came += sought.is_set()
            if came == records_first:
                enough.set()
            yield found

    async def come() -> None:
        sought.set()
        if enough.is_set():
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(enough.wait(), WITHIN_S)
        enough.set()
        print(f"late seek: {min(came, records_first)} came first", flush=True)

    async def seek_late(self, partition, offset) -> None:
        await come()
        await seek(self, partition, offset)

    async def perform_seek_late(self) -> None:
        await come()
        await perform_seek(self)

    Consumer.getmany = counted
    Consumer.seek = seek_late
    Consumer.perform_seek = perform_seek_late
