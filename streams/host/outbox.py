"""Sending a group's outputs.

For one partition the batches go strictly one after another, each acknowledged before the next is
sent: a process that dies in between may append again what it appended before, and never skips.
"""

import asyncio
from collections.abc import Mapping, Sequence

from schemas.topics import Topic
from streams.host.exits import TooLarge
from streams.host.group import Place
from streams.host.journal import Appends
from streams.host.writer import Record, batch_bytes, batch_bytes_max, batches


class Outbox:
    def __init__(self, writer: Appends, topic_prefix: str) -> None:
        self._writer = writer
        self._prefix = topic_prefix

    async def send(self, outputs: Mapping[Place, Sequence[Record]]) -> None:
        """Returns when all of them are acknowledged."""
        for (topic, _), records in outputs.items():
            _refuse_too_large(topic, records)
        await asyncio.gather(*(self._send_to(place, records) for place, records in outputs.items()))

    async def _send_to(self, place: Place, records: Sequence[Record]) -> None:
        topic, partition = place
        for batch in batches(records, batch_bytes_max(topic)):
            await self._writer.append(topic.name(self._prefix), partition, batch)


def _refuse_too_large(topic: Topic, records: Sequence[Record]) -> None:
    for record in records:
        size = batch_bytes([record])
        if size > batch_bytes_max(topic):
            key = (record.key or b"").decode(errors="replace")
            raise TooLarge(
                f"an output of {size} bytes for {topic.noun} (key {key!r}); "
                f"at most {batch_bytes_max(topic)} are accepted"
            )
