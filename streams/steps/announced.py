"""What `detect` is about to tell, so that whoever goes on after a crash tells it, and knows it.

A worker that was killed after its outputs were acknowledged, and before its state was stored, has
told what its successor may never find out: the window that said so was in memory, and the fault may
be over before another is filled. So each beginning and end is announced, with the state that goes
with it.
"""

from collections.abc import Iterable, Mapping

import msgspec

from schemas.tape import Detection
from streams.steps.effects import ANNOUNCED
from streams.steps.kept import Changes, Found, decode_kept, encode_kept


class Announced(msgspec.Struct, frozen=True):
    of: str
    entry: str | None
    """What is kept from then on; None where it has ended."""
    cluster: str
    detection: Detection

    @property
    def found(self) -> Found:
        return Found(self.of.encode(), self.cluster, self.detection)


def announce(found: Found, changes: Changes) -> bytes:
    entry = changes.get(found.of)
    text = None if entry is None else entry.decode()
    return encode_kept(Announced(found.of.decode(), text, found.cluster, found.detection))


def announced_in(entries: Mapping[bytes, bytes]) -> list[Announced]:
    keys = sorted(key for key in entries if key.startswith(ANNOUNCED))
    return [decode_kept(entries[key], Announced) for key in keys]


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
