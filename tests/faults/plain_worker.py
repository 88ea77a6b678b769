"""What we do not use: state and cursor in a Faust Table, as Faust's own guide has it.

An agent counts the records of each key and remembers the last offset that it applied, so that a
record that comes again is not counted again; of each it sends the count. `PLAIN_FAULT=POINT:N:HOW`
strikes when it reaches that point for the Nth time: a signal's name, RAISE or HANG; several with
commas between them.
`PLAIN_CURSOR=no` counts as the guide's first example does, and whatever comes again once more.
"""

import asyncio
import os
import signal
from collections import Counter

import faust

from tests.faults.late_seeks import make_seeks_late

CURSOR = b"@"
SESSION_S = 10.0
"""Who is put out of the group reads again, which is another hole than most tests show. Who comes
after a killed one waits for so long."""
BUFFER_RECORDS = 64
"""So few that a poll brings more than Faust can hand to the agent at once."""

name = os.environ["PLAIN_NAME"]
remembers = os.environ["PLAIN_CURSOR"] != "no"
seen: Counter[str] = Counter()
specs = (spec.split(":") for spec in os.environ["PLAIN_FAULT"].split(",") if spec)
faults = {(point, int(nth)): how for point, nth, how in specs}

app = faust.App(
    name,
    broker=f"kafka://{os.environ['PLAIN_BROKER']}",
    store="rocksdb://",
    datadir=os.environ["PLAIN_DATA_DIR"],
    broker_session_timeout=SESSION_S,
    broker_heartbeat_interval=0.5,
    broker_commit_interval=0.5,
    consumer_auto_offset_reset="earliest",
    key_serializer="raw",
    processing_guarantee="at_least_once",
    producer_acks=-1,
    stream_buffer_maxsize=BUFFER_RECORDS,
    table_standby_replicas=0,
    topic_disable_leader=True,
    value_serializer="raw",
)
source = app.topic(f"{name}.in", key_type=bytes, value_type=bytes, allow_empty=True)
results = app.topic(f"{name}.out", key_type=bytes, value_type=bytes)
counts = app.Table("counts", partitions=1, key_type=bytes, value_type=bytes)


@app.agent(source, concurrency=int(os.environ["PLAIN_CONCURRENCY"]))
async def count(stream):
    async for event in stream.events():
        offset = event.message.offset
        if remembers and offset <= int(counts.get(CURSOR, b"-1")):
            continue
        await strike("received")
        counted = b"%d" % (int(counts.get(event.key, b"0")) + 1)
        await (await results.send(key=event.key, value=b"%d %s" % (offset, counted)))
        await strike("sent")
        counts[event.key] = counted
        counts[CURSOR] = b"%d" % offset
        await strike("stored")


async def strike(point: str) -> None:
    seen[point] += 1
    how = faults.get((point, seen[point]))
    if how is None:
        return
    print(f"fault: {point}", flush=True)
    if how == "RAISE":
        raise RuntimeError("a fault of the agent's")
    if how == "HANG":
        await asyncio.Event().wait()
    os.kill(os.getpid(), signal.Signals[f"SIG{how}"])


if __name__ == "__main__":
    make_seeks_late()
    app.main()
