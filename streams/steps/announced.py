"""What `detect` is about to tell, so that whoever goes on after a crash tells it, and knows it.

A worker that was killed after its outputs were acknowledged, and before its state was stored, has
told what its successor may never find out: the window that said so was in memory, and the fault may
be over before another is filled. So each beginning and end is announced, with the state that goes
with it.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b

import msgspec

from schemas.alerts import AlertStatus
from schemas.tape import Detection
from streams.steps.effects import ANNOUNCED
from streams.steps.kept import Changes, Found, decode_kept, encode_kept, key_of

LAST = key_of("last")


class Place(msgspec.Struct, frozen=True, order=True):
    """Where a telling is said to come from: an offset, and its number there."""

    offset: int
    number: int


class Announced(msgspec.Struct, frozen=True):
    of: str
    entry: str | None
    """What is kept from then on; None where it has ended."""
    cluster: str
    detection: Detection
    place: Place

    @property
    def key(self) -> bytes:
        """One key has one content, whoever comes to that place."""
        digest = blake2b(encode_kept(self), digest_size=8).hexdigest()
        return ANNOUNCED + f"{self.place.offset:020}/{self.place.number:06}/{digest}".encode()

    @property
    def found(self) -> Found:
        return Found(self.of.encode(), self.cluster, self.detection)


def announced(found: Found, place: Place, changes: Changes) -> Announced:
    entry = changes.get(found.of)
    text = None if entry is None else entry.decode()
    return Announced(found.of.decode(), text, found.cluster, found.detection, place)


def announced_in(entries: Mapping[bytes, bytes]) -> list[Announced]:
    """In the order in which it was to be told."""
    found = [v for key, v in entries.items() if key.startswith(ANNOUNCED)]
    return sorted((decode_kept(v, Announced) for v in found), key=lambda one: one.place)


def news(announced: Iterable[Announced], firing_since_ms: Mapping[str, int]) -> Iterator[Announced]:
    """Without what is of an older beginning than the one that is known. Whoever announced that was
    paused beside us, and the core hears no more of it."""
    since_ms = dict(firing_since_ms)
    for one in announced:
        begins = one.detection.status is AlertStatus.FIRING
        if one.detection.since_ms >= since_ms.get(one.of, -1) + begins:
            yield one
            since_ms.pop(one.of, None)
            if begins:
                since_ms[one.of] = one.detection.since_ms


def as_announced(
    entries: Mapping[bytes, bytes], announced: Iterable[Announced]
) -> dict[bytes, bytes]:
    """The entries as they would have been stored."""
    after = {key: value for key, value in entries.items() if not key.startswith(ANNOUNCED)}
    for one in announced:
        after.pop(one.of.encode(), None)
        if one.entry is not None:
            after[one.of.encode()] = one.entry.encode()
    return after


class Places:
    """Where each telling is said to come from: ever further on.

    The core takes for a repeat what is not beyond all that it has heard of an input. After a crash
    records are read again whose tellings it has heard, and others are made of them.
    """

    def __init__(self, entries: Mapping[bytes, bytes], again: Iterable[Announced]) -> None:
        stored = decode_kept(entries[LAST], Place) if LAST in entries else Place(-1, 0)
        self._last = max([stored, *(one.place for one in again)])

    def take(self, count: int, offset: int, changes: Changes) -> list[Place]:
        """For what is told of the record at `offset`."""
        taken: list[Place] = []
        for _ in range(count):
            self._last = max(Place(offset, 0), Place(self._last.offset, self._last.number + 1))
            taken.append(self._last)
        if taken:
            changes[LAST] = encode_kept(self._last)
        return taken
