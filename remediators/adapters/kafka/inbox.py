"""The topic `commands`: read as a member of the executors' group, each record judged for use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from remediators.adapters.kafka.group import Group, Record
from remediators.adapters.kafka.topics import Broker
from remediators.ports import Delivery, Owner
from schemas.codec import Undecodable, decode
from schemas.remediation import Command
from schemas.topics import COMMANDS, partition_for


class KafkaInbox:
    def __init__(self, broker: Broker, producer: AIOKafkaProducer) -> None:
        self._partitions = broker.partitions
        self._group = Group(broker, COMMANDS, "executor", producer)

    async def start(self, owner: Owner) -> None:
        await self._group.start(owner)

    async def fetch(self, records_max: int) -> Sequence[Delivery]:
        return [delivery(r, self._partitions) for r in await self._group.fetch(records_max)]

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        await self._group.commit(next_offsets)

    async def reject(self, delivery: Delivery, at_ms: int) -> None:
        await self._group.reject(delivery, at_ms)

    async def stop(self) -> None:
        await self._group.stop()


@dataclass(frozen=True, slots=True)
class _Fault:
    fault: str
    detail: str = ""


def delivery(record: Record, partitions: int) -> Delivery:
    judged = _judged(record, partitions)
    place = (record.partition, record.offset, record.timestamp, record.key, record.value)
    if isinstance(judged, _Fault):
        return Delivery(*place, command=None, fault=judged.fault, detail=judged.detail)
    return Delivery(*place, command=judged)


def _judged(record: Record, partitions: int) -> Command | _Fault:
    command = decode(record.value, Command)
    if isinstance(command, Undecodable):
        return _Fault(command.fault.value, command.detail)
    if record.key != command.cluster.encode():
        return _Fault("wrong_key", f"a command of {command.cluster} under {record.key!r}")
    if record.partition != partition_for(command.cluster, partitions):
        # Its outcomes would go where whoever owns this partition does not look.
        return _Fault("wrong_partition", f"{command.cluster} does not belong here")
    return command
