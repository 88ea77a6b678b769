"""A consumer that is late to go where it is sent: some records come from where it was before.

So it is where the broker takes its time over that request. What is late is Faust's own consumer,
whoever sends it: `LATE_SEEKS=20` lets 20 records come before the first seek, or as many as do in
`WITHIN_S`, which is less than Faust waits for that request.

Some restarts of a plain worker are late by themselves, which would spoil the tests of its other
holes: those have it drop what comes before that seek (`IN_TIME`).
"""

import asyncio
import os
from contextlib import suppress

from faust.transport.consumer import Consumer

WITHIN_S = 20.0
IN_TIME = -1


def make_seeks_late() -> None:
    records_first = int(os.environ.get("LATE_SEEKS", "0"))
    if records_first > 0:
        _make_late(records_first)
    elif records_first == IN_TIME:
        _make_in_time()


def _make_in_time() -> None:
    getmany, perform_seek = Consumer.getmany, Consumer.perform_seek
    sought = asyncio.Event()

    async def after_the_seek(self, timeout):
        async for found in getmany(self, timeout):
            # Without its changelog a worker that has something to recover would wait for ever.
            if sought.is_set() or found[0].topic.endswith("-changelog"):
                yield found

    async def told(self) -> None:
        await perform_seek(self)
        sought.set()
        print("sought", flush=True)

    Consumer.getmany = after_the_seek
    Consumer.perform_seek = told


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
        # Faust also goes back when it has fetched while it takes nothing: then none would come.
        if self.flow_active:
            await come()
        await perform_seek(self)

    Consumer.getmany = counted
    Consumer.seek = seek_late
    Consumer.perform_seek = perform_seek_late
