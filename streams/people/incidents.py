"""The incidents as they stand, from the compacted topic."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from aiokafka import AIOKafkaConsumer

from schemas.codec import decode
from schemas.incidents import Incident
from schemas.topics import INCIDENTS
from streams.read import places_of, plain_consumer, read_places

OVER = frozenset({"resolved", "closed"})
Progress = Callable[[int, int], None]
Wanted = Callable[[Incident], bool]


def silently(_done: int, _total: int) -> None:
    """For who wants no progress."""


def any_of_them(_incident: Incident) -> bool:
    return True


class IncidentReader:
    """`async with` one; then `all` or `beginning_with`, and `changes` from there on."""

    def __init__(self, bootstrap: str, prefix: str, progress: Progress = silently) -> None:
        self._topic = INCIDENTS.name(prefix)
        self._progress = progress
        self._consumer: AIOKafkaConsumer = plain_consumer(bootstrap)
        self._offsets: dict[str, int] = {}
        """By incident: the highest place on the tape that was told of."""

    async def __aenter__(self) -> "IncidentReader":
        try:
            await self._consumer.start()
        except BaseException:
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def all(self, wanted: Wanted = any_of_them) -> list[Incident]:
        """Each that is wanted as it stands, the newest first; of its timeline the last line. Of
        the others nothing is kept but how far they were told of."""
        return await self._read("", wanted, _short)

    async def beginning_with(self, prefix: str) -> list[Incident]:
        """Those whose ids begin so, whole. Others are not even decoded."""
        return await self._read(prefix, any_of_them, lambda incident: incident)

    async def changes(self) -> AsyncIterator[Incident]:
        """Each as it changes, from where the last reading ended; never ends."""
        while True:
            for records in (await self._consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    if (incident := self._news(record.value)) is not None:
                        yield incident

    async def _read(
        self, prefix: str, wanted: Wanted, kept: Callable[[Incident], Incident]
    ) -> list[Incident]:
        places = await places_of(self._consumer, self._topic)
        begin, found = prefix.encode(), dict[str, Incident]()
        async for record in read_places(self._consumer, places, self._progress):
            if not (record.key or b"").startswith(begin):
                continue
            if (incident := self._news(record.value)) is not None:
                found.pop(incident.incident_id, None)
                if wanted(incident):
                    found[incident.incident_id] = kept(incident)
        return sorted(found.values(), key=lambda i: (-i.opened_at_ms, i.incident_id))

    def _news(self, value: bytes | None) -> Incident | None:
        """None for what cannot be read, and for what was told again after a crash."""
        incident = decode(value, Incident)
        if not isinstance(incident, Incident):
            return None
        if incident.tape_offset <= self._offsets.get(incident.incident_id, -1):
            return None
        self._offsets[incident.incident_id] = incident.tape_offset
        return incident


def _short(incident: Incident) -> Incident:
    return replace(incident, timeline=incident.timeline[-1:])
