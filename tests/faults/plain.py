"""A topic's worth of counting by the plain framework, and what became of it."""

import os
import sys
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import GroupCoordinatorNotAvailableError

from deploy.sandbox.processes import Child
from streams.host.offsets import GroupOffsets
from streams.host.reading import LogReader
from tests.faults.late_seeks import IN_TIME
from tests.faults.waits import reached

ROOT = Path(__file__).parents[2]
CURSOR = b"@"


class Plain:
    """Made by `plain`, which also ends its workers."""

    def __init__(self, bootstrap: str, tmp: Path) -> None:
        self.bootstrap = bootstrap
        self.name = f"plain-{uuid.uuid4().hex[:8]}"
        self.workers: list[Child] = []
        self._tmp = tmp

    def start_worker(
        self,
        folder: str,
        *,
        fault: str = "",
        concurrency: int = 1,
        cursor: bool = True,
        late_seeks: int = IN_TIME,
    ) -> Child:
        """On that folder: its own, or that of one before it."""
        number = len(self.workers)
        env = os.environ | {
            "PLAIN_NAME": self.name,
            "PLAIN_BROKER": self.bootstrap,
            "PLAIN_DATA_DIR": str(self._tmp / folder),
            "PLAIN_FAULT": fault,
            "PLAIN_CONCURRENCY": str(concurrency),
            "PLAIN_CURSOR": "yes" if cursor else "no",
            "LATE_SEEKS": str(late_seeks),
        }
        argv = (sys.executable, "-m", "tests.faults.plain_worker", "worker", "--without-web")
        log_file = self._tmp / f"plain-{number}.log"
        child = Child(f"plain worker {number}", argv, log_file=log_file, env=env, cwd=ROOT)
        child.start()
        self.workers.append(child)
        return child

    async def send(self, keys: Sequence[bytes]) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap)
        await producer.start()
        for key in keys:
            await producer.send_and_wait(f"{self.name}.in", b"", key=key)
        await producer.stop()

    async def results(self) -> dict[int, set[int]]:
        """By offset of the record, the counts that were sent for it."""
        found: dict[int, set[int]] = {}
        for record in await self._read(f"{self.name}.out"):
            offset, counted = record.value.split()
            found.setdefault(int(offset), set()).add(int(counted))
        return found

    async def result_of(self, offset: int) -> set[int]:
        async def is_there() -> bool:
            return offset in await self.results()

        await reached(is_there, f"the result of {offset}")
        return (await self.results())[offset]

    async def changelog(self) -> list[tuple[bytes, int]]:
        return [(r.key, int(r.value)) for r in await self._read(f"{self.name}-counts-changelog")]

    async def counted(self, key: bytes) -> None:
        """Returns when the table has that key, which is after its result."""

        async def is_there() -> bool:
            return key in dict(await self.changelog())

        await reached(is_there, f"{key!r} in the table")

    async def committed(self, offset: int) -> None:
        """Returns when the group has committed as far as that."""
        offsets = GroupOffsets(self.bootstrap)
        await offsets.start()
        try:

            async def is_committed() -> bool:
                try:
                    found = await offsets.fetch(self.name, f"{self.name}.in", [0])
                except GroupCoordinatorNotAvailableError:  # a broker's first group makes it
                    return False
                return 0 in found and found[0].offset >= offset

            await reached(is_committed, f"the commit of {offset}")
        finally:
            await offsets.stop()

    async def _read(self, topic: str) -> list[ConsumerRecord]:
        records = LogReader(self.bootstrap).read_all(topic, [0], {})
        return [record async for _, found in records for record in found]


@asynccontextmanager
async def plain(bootstrap: str, tmp: Path) -> AsyncIterator[Plain]:
    made = Plain(bootstrap, tmp)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    names = (f"{made.name}.in", f"{made.name}.out", f"{made.name}-counts-changelog")
    await admin.create_topics([NewTopic(name, 1, 1) for name in names])
    await admin.close()
    try:
        yield made
    finally:
        for worker in made.workers:
            worker.kill()
