"""The policies as each partition of the tape has them: in force, and beside it as a candidate."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from streams.core.keys import policy_key
from streams.core.partition import PARTITION, PartitionState, PolicyText
from streams.host.entries import Fold
from streams.people.incidents import Progress, silently
from streams.people.standing import JOURNAL
from streams.read import places_of, plain_consumer, read_places


@dataclass(frozen=True, slots=True)
class Kept:
    digest: str
    source: str
    author: str


@dataclass(frozen=True, slots=True)
class Policies:
    """Of one partition."""

    in_force: Kept | None
    candidate: Kept | None
    run: str
    """The name of the candidate's run, which its chains of decisions carry."""


NONE = Policies(None, None, "")


async def policies(
    bootstrap: str, prefix: str, progress: Progress = silently
) -> Mapping[int, Policies]:
    """By partition, from the journal of `decide`. Of every other entry only the key is looked
    at."""
    folds: dict[int, Fold] = {}
    consumer = plain_consumer(bootstrap)
    try:
        await consumer.start()
        places = await places_of(consumer, JOURNAL.name(prefix))
        folds = {place.partition: Fold() for place in places}
        async for record in read_places(consumer, places, progress):
            if record.key is not None and record.key.startswith(_WANTED):
                folds[record.partition].add(record.key, record.value, record.headers)
    finally:
        await consumer.stop()
    return {partition: _policies(fold) for partition, fold in folds.items()}


_WANTED = (PARTITION.encode(), b"policy/")


def _policies(fold: Fold) -> Policies:
    entry = fold.held.get(PARTITION.encode())
    if entry is None or not entry.value:
        return NONE
    partition = msgspec.json.decode(entry.value, type=PartitionState)
    return Policies(
        _kept(fold, partition.policy), _kept(fold, partition.candidate), partition.candidate_run
    )


def _kept(fold: Fold, digest: str) -> Kept | None:
    entry = fold.held.get(policy_key(digest).encode()) if digest else None
    if entry is None or not entry.value:
        return None
    text = msgspec.json.decode(entry.value, type=PolicyText)
    return Kept(digest, text.source, text.author)
