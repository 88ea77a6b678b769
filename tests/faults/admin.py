"""What somebody with rights on the broker can do to a running platform."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import UnknownMemberIdError

from streams.host.offsets import Committed, GroupOffsets
from tests.faults.waits import reached


async def delete_before(bootstrap: str, place: TopicPartition, offset: int) -> None:
    """As retention does it."""
    async with _admin(bootstrap) as admin:
        await admin.delete_records({place: RecordsToDelete(before_offset=offset)})


async def configure(bootstrap: str, topic: str, settings: Mapping[str, str]) -> None:
    """Sets these of the topic's settings, and puts all others back to the broker's own."""
    async with _admin(bootstrap) as admin:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic, configs=dict(settings))
        for answer in await admin.alter_configs([resource]):
            for code, message, *_ in answer.resources:
                assert code == 0, message


async def reset_group(bootstrap: str, group: str, places: list[TopicPartition]) -> None:
    """Commits offset 0 for a group, as `kafka-consumer-groups --reset-offsets` does."""
    offsets = GroupOffsets(bootstrap)
    await offsets.start()

    async def is_reset() -> bool:
        try:
            await offsets.commit(group, dict.fromkeys(places, Committed(0, "")))
        except UnknownMemberIdError:  # its last member has not left yet, or was killed just now
            return False
        return True

    try:
        await reached(is_reset, f"{group} to be empty")
    finally:
        await offsets.stop()


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()
