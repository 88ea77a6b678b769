"""The processor's writer and reader on the pretended broker: a producer under the real `Writer`."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from streams.host.reading import Bounds, LogReader
from streams.host.writer import Record, Writer
from tests.simulation.broker import Kept
from tests.simulation.network import PATIENCE_S, Network
from tests.simulation.process import Process


class _Batch:
    def __init__(self) -> None:
        self.records: list[Record] = []

    def append(self, *, key: Any, value: Any, timestamp: None, headers: list[Any]) -> bool:
        self.records.append(Record(key, value, tuple(headers)))
        return True

    def close(self) -> None:
        pass


class _Producer:
    def __init__(self, process: Process, network: Network) -> None:
        self._process = process
        self._network = network

    def create_batch(self) -> _Batch:
        return _Batch()

    async def send_batch(self, batch: _Batch, topic: str, *, partition: int) -> Any:
        sent = self._network.produce(self._process, (topic, partition), batch.records)
        return _with_timestamp(sent)

    async def stop(self) -> None:
        pass


async def _with_timestamp(sent: Any) -> Any:
    appended = await sent
    return _Acknowledged(appended.offset, appended.at_ms)


class _Acknowledged:
    __slots__ = ("offset", "timestamp")

    def __init__(self, offset: int, timestamp: int) -> None:
        self.offset = offset
        self.timestamp = timestamp


class VirtualWriter(Writer):
    def __init__(self, process: Process, network: Network) -> None:
        super().__init__("", PATIENCE_S)
        self._producer = _Producer(process, network)  # type: ignore[assignment]


class VirtualReader(LogReader):
    def __init__(self, process: Process, network: Network) -> None:
        super().__init__("")
        self._process = process
        self._network = network

    async def bounds(self, topic: str, partitions: Iterable[int]) -> dict[int, Bounds]:
        await self._network.ask(self._process)
        return {p: self._network.broker.bounds((topic, p)) for p in partitions}

    async def read_all(
        self, topic: str, partitions: Iterable[int], ends: dict[int, int]
    ) -> AsyncIterator[tuple[int, Sequence[Any]]]:
        found = await self.bounds(topic, partitions)
        ends.update({p: b.end for p, b in found.items()})
        for p, part in found.items():
            yield p, await self.read(topic, p, part)

    async def read(self, topic: str, partition: int, part: Bounds) -> list[Any]:
        await self._network.ask(self._process)
        found: list[Kept] = self._network.broker.read((topic, partition), part)
        return found

    async def first(self, topic: str, partition: int, part: Bounds) -> Any:
        return next(iter(await self.read(topic, partition, part)), None)
