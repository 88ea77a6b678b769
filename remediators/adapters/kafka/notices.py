"""The topic `notices`: read as a member of the notifiers' group, each record judged for use."""

from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaProducer

from remediators.adapters.kafka.group import Group, Record
from remediators.adapters.kafka.topics import Broker
from remediators.notifier_ports import Arrival, NoticesOwner
from schemas.codec import Undecodable, decode
from schemas.notices import Notice
from schemas.topics import NOTICES


class KafkaNotices:
    def __init__(self, broker: Broker, producer: AIOKafkaProducer) -> None:
        self._group = Group(broker, NOTICES, "notifier", producer)

    async def start(self, owner: NoticesOwner) -> None:
        await self._group.start(owner)

    async def fetch(self, records_max: int) -> Sequence[Arrival]:
        return [arrival(record) for record in await self._group.fetch(records_max)]

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        await self._group.commit(next_offsets)

    async def reject(self, arrival: Arrival, at_ms: int) -> None:
        await self._group.reject(arrival, at_ms)

    async def stop(self) -> None:
        await self._group.stop()


def arrival(record: Record) -> Arrival:
    """Its partition is not judged: what was told is recorded in the same one, wherever that is."""
    place = (record.partition, record.offset, record.timestamp, record.key)
    notice = decode(record.value, Notice)
    if isinstance(notice, Undecodable):
        return Arrival(*place, record.value, None, notice.fault.value, notice.detail)
    if record.key != notice.incident_id.encode():
        detail = f"a notice of {notice.incident_id!r:.80} under {record.key!r:.80}"
        return Arrival(*place, record.value, None, "wrong_key", detail)
    return Arrival(*place, None, notice)
