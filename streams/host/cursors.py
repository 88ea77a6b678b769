"""How far each loop is, for others to see: a hint and a measure, never where anyone goes on.

Published as the committed offsets of one consumer group per input, `<prefix>.cursor.<input>`, so
that every tool that shows a group's lag shows the true one. The note beside the offset says what a
record costs and where the input ends, from which others tell how much work is left.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import msgspec
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.host.inputs import AgentInput
from streams.host.loop import PartitionLoop
from streams.host.offsets import Committed, GroupOffsets
from streams.host.partitions import Partitions
from streams.host.progress import Progress

PUBLISH_EVERY_S = 0.5
PUBLISH_WITHIN_S = 2.0
ALL_EVERY = 60
"""Each so many turns all cursors are published, should somebody have put back an old one."""

log = structlog.get_logger()


class Note(msgspec.Struct, frozen=True):
    end: int
    pace_s: float


def cursor_group(topic_prefix: str, source: AgentInput) -> str:
    return f"{topic_prefix}.cursor.{source.name}"


@dataclass(slots=True)
class Board:
    """The published cursors of all inputs."""

    offsets: GroupOffsets
    topic_prefix: str

    async def publish(self, source: AgentInput, progress: Mapping[int, Progress]) -> None:
        topic = source.source.name(self.topic_prefix)
        rows = {
            TopicPartition(topic, partition): Committed(
                p.next, msgspec.json.encode(Note(p.end, round(p.pace_s, 7))).decode()
            )
            for partition, p in progress.items()
        }
        await self.offsets.commit(cursor_group(self.topic_prefix, source), rows)

    async def read(self, source: AgentInput, partitions: Iterable[int]) -> dict[int, Progress]:
        group = cursor_group(self.topic_prefix, source)
        topic = source.source.name(self.topic_prefix)
        found = await self.offsets.fetch(group, topic, sorted(partitions))
        return {p: _progress(committed) for p, committed in found.items()}


def _progress(committed: Committed) -> Progress:
    try:
        note = msgspec.json.decode(committed.note, type=Note)
    except msgspec.DecodeError:
        note = Note(committed.offset, 0.0)  # committed by some tool
    return Progress(committed.offset, note.end, note.pace_s)


class Publisher:
    """Publishes this worker's cursors: twice a second those that moved, now and then all, and
    each once more as its partition is given up, before anybody else can have it."""

    def __init__(self, board: Board, inputs: Sequence[Partitions]) -> None:
        self._board = board
        self._inputs = inputs
        self._published: dict[tuple[AgentInput, int], Progress] = {}
        for partitions in inputs:
            partitions.on_stopped.append(self._publish_moved)

    async def run(self) -> None:
        for turn in count(1):
            await asyncio.sleep(PUBLISH_EVERY_S)
            if turn % ALL_EVERY == 0:
                self._published.clear()
            for partitions in self._inputs:
                await self._publish_moved(partitions, list(partitions))

    async def _publish_moved(self, partitions: Partitions, loops: Sequence[PartitionLoop]) -> None:
        source = partitions.source
        now = {loop.partition: partitions.progress(loop) for loop in loops}
        moved = {p: at for p, at in now.items() if self._published.get((source, p)) != at}
        if not moved:
            return
        try:
            async with asyncio.timeout(PUBLISH_WITHIN_S):
                await self._board.publish(source, moved)
        except (KafkaError, OSError) as error:
            log.debug("cursors not published", input=source.name, detail=repr(error))
            return
        self._published.update({(source, p): at for p, at in moved.items()})
