"""Which facts were applied already.

A producer that crashed appends again what it appended before, always a prefix, so per input
partition everything at or below the last origin applied is a repeat.
"""

from schemas.tape import Origin
from streams.core.draft import Draft
from streams.core.entries import OriginMark


def take(draft: Draft, origin: Origin | None) -> bool:
    """Note the origin; False where the fact is a repeat and must change nothing else."""
    if origin is None:
        return True
    key = f"origin/{origin.topic}@{origin.incarnation}/{origin.partition}"
    mark = draft.get(key, OriginMark)
    if mark and (origin.offset, origin.index) <= (mark.offset, mark.index):
        draft.put(key, OriginMark(mark.offset, mark.index, mark.dropped + 1))
        return False
    draft.put(key, OriginMark(origin.offset, origin.index, mark.dropped if mark else 0))
    return True
