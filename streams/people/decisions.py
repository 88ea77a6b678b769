"""Everything that was decided, as far back as it is kept."""

from collections.abc import AsyncIterator

from schemas.codec import decode
from schemas.incidents import Decision
from schemas.topics import DECISIONS
from streams.people.incidents import Progress, silently
from streams.read import places_of, plain_consumer, read_places


async def decisions(
    bootstrap: str, prefix: str, progress: Progress = silently
) -> AsyncIterator[Decision]:
    """Of each partition in its order; one may be told again after a crash."""
    consumer = plain_consumer(bootstrap)
    try:
        await consumer.start()
        places = await places_of(consumer, DECISIONS.name(prefix))
        async for record in read_places(consumer, places, progress):
            decision = decode(record.value, Decision)
            if isinstance(decision, Decision):
                yield decision
    finally:
        await consumer.stop()
