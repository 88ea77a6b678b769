"""The backlog waits in `alerts`, never on the tape.

`observe` holds its facts back while `decide` has more than about a second of work on the tape
partition they would go to. Orders and outcomes are relayed past it, so that an approval or the kill
switch is decided within seconds in any storm.
"""

import asyncio
from collections.abc import Collection

import structlog
from aiokafka.errors import KafkaError

from schemas.topics import TAPE
from streams.host.cursors import Board
from streams.host.group import Place
from streams.host.inputs import DECIDE
from streams.host.partitions import Partitions
from streams.host.progress import Progress
from streams.host.reading import Bounds

WORK_MAX_S = 1.0
PACE_UNKNOWN_S = 0.001
"""A record's cost until `decide` has told it."""
LOOK_EVERY_S = 0.02
ASK_EVERY_S = 0.5

log = structlog.get_logger()


class Backlog:
    """The gate of `observe`: knows `decide` at first hand here, by its published cursors elsewhere.

    What this worker appended is counted at once, so old news of a cursor only makes it cautious.
    """

    def __init__(self, board: Board, decide: Partitions | None) -> None:
        self._board = board
        self._decide = decide
        self._tape = TAPE.name(board.topic_prefix)
        self._published: dict[int, Progress] = {}
        self._written: dict[int, Bounds] = {}

    def wrote(self, topic: str, partition: int, written: Bounds) -> None:
        if topic == self._tape:
            first = self._written.get(partition, written).start
            self._written[partition] = Bounds(first, written.end)

    def is_open(self, places: Collection[Place]) -> bool:
        return all(self.work_s(p) < WORK_MAX_S for topic, p in places if topic is TAPE)

    async def wait_open(self, places: Collection[Place]) -> None:
        # Neither a loop's cursor nor a published one tells us that it moved.
        while not self.is_open(places):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY_S)

    def work_s(self, partition: int) -> float:
        """How long `decide` will be busy there with what has been appended so far."""
        written = self._written.get(partition, Bounds(0, 0))
        known = self._local(partition) or self._published.get(partition)
        known = known or Progress(written.start, written.end, 0.0)
        lag = max(known.end, written.end) - known.next
        return max(0, lag) * (known.pace_s or PACE_UNKNOWN_S)

    async def run(self) -> None:
        """Keeps the published cursors up to date, of partitions that we write to and do not own."""
        while True:
            await asyncio.sleep(ASK_EVERY_S)
            away = [p for p in self._written if self._local(p) is None]
            if away:
                await self._ask(away)

    def _local(self, partition: int) -> Progress | None:
        loop = self._decide.get(partition) if self._decide else None
        return self._decide.progress(loop) if self._decide and loop else None

    async def _ask(self, partitions: list[int]) -> None:
        try:
            self._published.update(await self._board.read(DECIDE, partitions))
        except (KafkaError, OSError) as error:
            log.debug("cursors of decide not read", detail=repr(error))
