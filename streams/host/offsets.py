"""Consumer groups, asked from outside. Committed offsets of one that nobody is a member of are a
notice board for cursors."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaClient, TopicPartition
from aiokafka.client import CoordinationType
from aiokafka.errors import NoError, UnknownMemberIdError, for_code
from aiokafka.protocol.commit import OffsetCommitRequest, OffsetFetchRequest
from aiokafka.protocol.group import LeaveGroupRequest

NO_MEMBER = ""
REQUEST_TIMEOUT_MS = 5_000


class Committed(NamedTuple):
    offset: int
    note: str


class GroupOffsets:
    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._client: AIOKafkaClient | None = None

    async def start(self) -> None:
        self._client = AIOKafkaClient(
            bootstrap_servers=self._bootstrap, request_timeout_ms=REQUEST_TIMEOUT_MS
        )
        await self._client.bootstrap()

    async def stop(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def commit(self, group: str, offsets: Mapping[TopicPartition, Committed]) -> None:
        by_topic: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
        for place, committed in offsets.items():
            by_topic[place.topic].append((place.partition, committed.offset, committed.note))
        request = OffsetCommitRequest(
            group,
            OffsetCommitRequest.DEFAULT_GENERATION_ID,
            NO_MEMBER,
            OffsetCommitRequest.DEFAULT_RETENTION_TIME,
            list(by_topic.items()),
        )
        answer = await self._ask(group, request)
        for _, partitions in answer.topics:
            for _, code in partitions:
                _raise_for(code)

    async def fetch(
        self, group: str, topic: str, partitions: Sequence[int]
    ) -> dict[int, Committed]:
        """What is committed; partitions without a commit are left out."""
        request = OffsetFetchRequest(group, [(topic, list(partitions))])
        answer = await self._ask(group, request)
        found = {}
        for _, rows in answer.topics:
            for partition, offset, note, code in rows:
                _raise_for(code)
                if offset >= 0:
                    found[partition] = Committed(offset, note or "")
        return found

    async def leave(self, group: str, member: str) -> bool:
        """Ends a membership, as only the member itself does otherwise. False where it had ended."""
        answer = await self._ask(group, LeaveGroupRequest(group, member))
        if for_code(answer.error_code) is UnknownMemberIdError:
            return False
        _raise_for(answer.error_code)
        return True

    async def _ask(
        self, group: str, request: OffsetCommitRequest | OffsetFetchRequest | LeaveGroupRequest
    ) -> Any:
        assert self._client is not None, "not started"
        node = await self._client.coordinator_lookup(CoordinationType.GROUP, group)
        return await self._client.send(node, request)


def _raise_for(code: int) -> None:
    error = for_code(code)
    if error is not NoError:
        raise error
