"""What people have ordered and what still stands, as `decide` has it in its journal."""

import urllib.parse
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from schemas.topics import journal
from streams.core.entries import KINDS
from streams.core.standing import FreezeState, SilenceState
from streams.host.entries import Fold
from streams.people.incidents import Progress, silently
from streams.read import places_of, plain_consumer, read_places

JOURNAL = journal("decide", "tape")
E = TypeVar("E", SilenceState, FreezeState)


@dataclass(frozen=True, slots=True)
class Standing:
    """One order that stands; `cluster` may be `*`."""

    cluster: str
    id: str
    entry: SilenceState | FreezeState


async def standing(
    bootstrap: str, prefix: str, kind: str, progress: Progress = silently
) -> list[Standing]:
    """The silences (`silence`) or freezes (`freeze`), by cluster and id. Of every other entry only
    the key is looked at."""
    fold, wanted = Fold(), f"{kind}/".encode()
    consumer = plain_consumer(bootstrap)
    try:
        await consumer.start()
        places = await places_of(consumer, JOURNAL.name(prefix))
        async for record in read_places(consumer, places, progress):
            if record.key is not None and record.key.startswith(wanted):
                # An order for all clusters stands once in each partition, under one key.
                key = b"%d/%s" % (record.partition, record.key)
                fold.add(key, record.value, record.headers)
    finally:
        await consumer.stop()
    found = {
        _key(key): _entry(kind, entry.value) for key, entry in fold.held.items() if entry.value
    }
    return [Standing(cluster, name, entry) for (cluster, name), entry in sorted(found.items())]


def _key(key: bytes) -> tuple[str, str]:
    _partition, _kind, cluster, name = key.decode().split("/")
    return urllib.parse.unquote(cluster), urllib.parse.unquote(name)


def _entry(kind: str, value: bytes) -> SilenceState | FreezeState:
    entry: SilenceState | FreezeState = msgspec.json.decode(value, type=KINDS[kind])
    return entry
