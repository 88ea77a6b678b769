"""A journal that takes long to read: what it holds, written over and over, as repairs do."""

import asyncio
from itertools import cycle, islice

from aiokafka import AIOKafkaProducer

from schemas.topics import MIB
from streams.host.entries import Fold, cursor_record, live_record
from streams.host.inputs import AgentInput
from streams.host.reading import LogReader
from streams.host.writer import Record, batches
from tests.faults.world import World

BATCH_BYTES = MIB


async def lengthen(chains: World, source: AgentInput, records: int) -> None:
    """Appends at least that many records to each journal, changing nothing of what it says."""
    journal = source.journal.name(chains.prefix)
    folds = {p: Fold() for p in chains.partitions}
    async for p, found in LogReader(chains.bootstrap).read_all(journal, folds, {}):
        for record in found:
            folds[p].add(record.key, record.value, record.headers)
    producer = AIOKafkaProducer(
        bootstrap_servers=chains.bootstrap, enable_idempotence=True, max_batch_size=2 * BATCH_BYTES
    )
    await producer.start()
    try:
        appends = (_append(producer, journal, p, fold, records) for p, fold in folds.items())
        await asyncio.gather(*appends)
    finally:
        await producer.stop()


async def _append(
    producer: AIOKafkaProducer, journal: str, partition: int, fold: Fold, records: int
) -> None:
    held = [live_record(key, entry) for key, entry in fold.held.items()]
    again = islice(cycle(held), records)
    for part in batches([*again], BATCH_BYTES):
        await _send(producer, journal, partition, [*part, cursor_record(fold.cursor)])


async def _send(
    producer: AIOKafkaProducer, journal: str, partition: int, records: list[Record]
) -> None:
    batch = producer.create_batch()
    for key, value, _ in records:
        batch.append(key=key, value=value, timestamp=None)
    batch.close()
    await (await producer.send_batch(batch, journal, partition=partition))
