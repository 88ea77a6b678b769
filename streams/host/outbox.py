"""Sending a group's outputs, what is ordered of executors with our signature.

For one partition the batches go strictly one after another, each acknowledged before the next is
sent: a process that dies in between may append again what it appended before, and never skips.
The same bytes have the same signature, so what is appended again is the same to its last byte.
"""

import asyncio
from collections.abc import Mapping, Sequence

from schemas.signing import COMMAND, HEADER, SigningKey
from schemas.topics import COMMANDS, Topic
from streams.host.exits import TooLarge
from streams.host.group import Place
from streams.host.journal import Appends
from streams.host.writer import Record, batch_bytes, batch_bytes_max, batches


class Outbox:
    def __init__(
        self, writer: Appends, topic_prefix: str, command_key: SigningKey | None = None
    ) -> None:
        self._writer = writer
        self._prefix = topic_prefix
        self._command_key = command_key

    async def send(self, outputs: Mapping[Place, Sequence[Record]]) -> None:
        """Returns when all of them are acknowledged."""
        sealed = {place: self._sealed(place[0], records) for place, records in outputs.items()}
        for (topic, _), records in sealed.items():
            _refuse_too_large(topic, records)
        await asyncio.gather(*(self._send_to(place, records) for place, records in sealed.items()))

    def _sealed(self, topic: Topic, records: Sequence[Record]) -> Sequence[Record]:
        """Before it is measured: a signature takes room too."""
        if topic is not COMMANDS or self._command_key is None:
            return records
        return [_signed(record, self._command_key) for record in records]

    async def _send_to(self, place: Place, records: Sequence[Record]) -> None:
        topic, partition = place
        for batch in batches(records, batch_bytes_max(topic)):
            await self._writer.append(topic.name(self._prefix), partition, batch)


def _signed(record: Record, key: SigningKey) -> Record:
    signature = key.sign(COMMAND, record.value or b"")
    return record._replace(headers=(*record.headers, (HEADER, signature)))


def _refuse_too_large(topic: Topic, records: Sequence[Record]) -> None:
    for record in records:
        size = batch_bytes([record])
        if size > batch_bytes_max(topic):
            key = (record.key or b"").decode(errors="replace")
            raise TooLarge(
                f"an output of {size} bytes for {topic.noun} (key {key!r}); "
                f"at most {batch_bytes_max(topic)} are accepted"
            )
