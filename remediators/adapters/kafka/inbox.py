"""The topic `commands`: read as a member of the executors' group, each record judged for use.

With the keys of processors, the signature is judged before anything is read of a record: what
none of them has signed may be from anybody.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from remediators.adapters.kafka.alarm import Alarm
from remediators.adapters.kafka.group import Group, Record
from remediators.adapters.kafka.topics import Broker
from remediators.ports import Delivery, Owner
from schemas.codec import Undecodable, decode
from schemas.remediation import Command, Withdrawal
from schemas.signing import COMMAND, PublicKey, signature_of
from schemas.topics import COMMANDS, partition_for

Keys = tuple[PublicKey, ...]
UNSIGNED = "unsigned"
BAD_SIGNATURE = "bad_signature"
FOREIGN = frozenset({UNSIGNED, BAD_SIGNATURE, "wrong_key", "wrong_partition"})
"""The processor writes no such record; so somebody else has."""


class KafkaInbox:
    def __init__(
        self, broker: Broker, producer: AIOKafkaProducer, keys: Keys | None = None
    ) -> None:
        """Without keys nothing is verified."""
        self._partitions = broker.partitions
        self._keys = keys
        self._group = Group(broker, COMMANDS, "executor", producer)
        self._alarm = Alarm(broker, producer)

    async def start(self, owner: Owner) -> None:
        await self._group.start(owner)

    async def fetch(self, records_max: int, full: Collection[int] = ()) -> Sequence[Delivery]:
        records = await self._group.fetch(records_max, full)
        return [delivery(record, self._partitions, self._keys) for record in records]

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        await self._group.commit(next_offsets)

    async def reject(self, delivery: Delivery, at_ms: int) -> None:
        """And tell people, where somebody else than the processor writes commands."""
        await self._group.reject(delivery, at_ms)
        if delivery.fault in FOREIGN:
            await self._alarm.ring(delivery, at_ms)

    async def stop(self) -> None:
        await self._group.stop()


@dataclass(frozen=True, slots=True)
class _Fault:
    fault: str
    detail: str = ""


def delivery(record: Record, partitions: int, keys: Keys | None = None) -> Delivery:
    judged = _forged(record, keys) or _judged(record, partitions)
    place = (record.partition, record.offset, record.timestamp, record.key, record.value)
    if isinstance(judged, _Fault):
        return Delivery(*place, command=None, fault=judged.fault, detail=judged.detail)
    if isinstance(judged, Withdrawal):
        return Delivery(*place, command=None, withdrawal=judged)
    return Delivery(*place, command=judged)


def _forged(record: Record, keys: Keys | None) -> _Fault | None:
    if keys is None:
        return None
    signature = signature_of(record.headers)
    if not signature:
        return _Fault(UNSIGNED, "no signature beside it")
    if any(key.has_signed(COMMAND, record.value or b"", signature) for key in keys):
        return None
    return _Fault(BAD_SIGNATURE, f"not by any of {len(keys)} keys over these bytes")


def _judged(record: Record, partitions: int) -> Command | Withdrawal | _Fault:
    command: Command | Withdrawal | Undecodable = decode(record.value, Command, Withdrawal)
    if isinstance(command, Undecodable):
        return _Fault(command.fault.value, command.detail)
    if record.key != command.cluster.encode():
        return _Fault("wrong_key", f"a command of {command.cluster} under {record.key!r}")
    if record.partition != partition_for(command.cluster, partitions):
        # Its outcomes would go where whoever owns this partition does not look.
        return _Fault("wrong_partition", f"{command.cluster} does not belong here")
    return command
