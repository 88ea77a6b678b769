"""Which facts were applied already.

A producer that crashed appends again what it appended before, always a prefix, so of each input
partition, for each cluster, everything at or below the last origin applied is a repeat. What had
queued is packed anew by then, so of a fact that was packed from several inputs a part may be.
"""

from schemas.tape import Sightings, TapeRecord
from streams.core.draft import Draft
from streams.core.keys import key_part
from streams.core.partition import OriginMark


def repeated(draft: Draft, record: TapeRecord) -> int | None:
    """Note the origin. How many of the fact's sightings were applied before; None where the whole
    of it was, and it must change nothing else."""
    origin = record.origin
    if origin is None:
        return 0
    source = f"{origin.topic}@{origin.incarnation}/{origin.partition}"
    key = f"origin/{source}/{key_part(record.cluster)}"
    mark = draft.get(key, OriginMark)
    if mark is None:
        draft.put(key, OriginMark(origin.offset, origin.index))
        return 0
    if (origin.offset, origin.index) <= (mark.offset, mark.index):
        draft.put(key, OriginMark(mark.offset, mark.index, mark.dropped + 1))
        return None
    draft.put(key, OriginMark(origin.offset, origin.index, mark.dropped))
    if not isinstance(record.fact, Sightings):
        return 0
    return sum(part.count for part in record.fact.parts if part.offset <= mark.offset)
