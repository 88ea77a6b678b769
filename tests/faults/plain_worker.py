"""What we do not use: state and cursor in a Faust Table, as Faust's own guide has it.

An agent counts the records of each key and remembers the last offset that it applied, so that a
record that comes again is not counted again; of each it sends the count. `PLAIN_FAULT=POINT:N:HOW`
strikes when it reaches that point for the Nth time: a signal's name, RAISE or HANG.
"""

import asyncio
import os
import signal
from collections import Counter

import faust

CURSOR = b"@"

name = os.environ["PLAIN_NAME"]
seen: Counter[str] = Counter()

app = faust.App(
    name,
    broker=f"kafka://{os.environ['PLAIN_BROKER']}",
    store="rocksdb://",
    datadir=os.environ["PLAIN_DATA_DIR"],
    broker_session_timeout=2,
    broker_heartbeat_interval=0.5,
    broker_commit_interval=0.5,
    consumer_auto_offset_reset="earliest",
    key_serializer="raw",
    processing_guarantee="at_least_once",
    producer_acks=-1,
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
        if offset <= int(counts.get(CURSOR, b"-1")):
            continue
        await strike("received")
        counted = b"%d" % (int(counts.get(event.key, b"0")) + 1)
        await (await results.send(key=event.key, value=b"%d %s" % (offset, counted)))
        await strike("sent")
        counts[event.key] = counted
        counts[CURSOR] = b"%d" % offset
        await strike("stored")


async def strike(point: str) -> None:
    wanted, nth, how = os.environ.get("PLAIN_FAULT", "::").split(":")
    seen[point] += 1
    if point != wanted or seen[point] != int(nth):
        return
    print(f"fault: {point}", flush=True)
    if how == "RAISE":
        raise RuntimeError("a fault of the agent's")
    if how == "HANG":
        await asyncio.Event().wait()
    os.kill(os.getpid(), signal.Signals[f"SIG{how}"])


if __name__ == "__main__":
    app.main()
