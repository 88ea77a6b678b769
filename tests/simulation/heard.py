"""What of a tape is new: by an account of its own, which knows nothing of the core's."""

from dataclasses import dataclass, field, replace

import msgspec

from schemas import sightings
from schemas.tape import Sightings, TapeRecord

Place = tuple[str, int]
"""An input topic and its partition."""


@dataclass
class Heard:
    reached: dict[Place, set[int]] = field(default_factory=dict)
    """Of each input: the offsets that facts came from."""
    out_of_order: list[TapeRecord] = field(default_factory=list)
    _marks: dict[tuple[Place, str], tuple[int, int]] = field(default_factory=dict)
    """By input and cluster: the last that was heard."""

    def new_of(self, record: TapeRecord) -> TapeRecord | None:
        """The record without what was there before; None where that is all of it."""
        origin, fact = record.origin, record.fact
        if origin is None:
            return record
        place = (origin.topic, origin.partition)
        mark = self._marks.get((place, record.cluster), (-1, -1))
        if (origin.offset, origin.index) <= mark:
            return None
        self._marks[place, record.cluster] = (origin.offset, origin.index)
        offsets = self.reached.setdefault(place, set())
        offsets.add(origin.offset)
        if not isinstance(fact, Sightings) or not fact.parts:
            return record
        offsets.update(part.offset for part in fact.parts)
        if sorted(p.offset for p in fact.parts) != [p.offset for p in fact.parts]:
            self.out_of_order.append(record)
        parts = tuple(part for part in fact.parts if part.offset > mark[0])
        return replace(record, fact=_last(fact, parts))


def _last(fact: Sightings, parts: tuple[object, ...]) -> Sightings:
    known = len(fact.parts) - len(parts)
    if not known:
        return fact
    rows = sightings.unpack(fact)[sum(part.count for part in fact.parts[:known]) :]
    body = msgspec.json.encode(rows)
    return replace(fact, count=len(rows), body=body, parts=fact.parts[known:])
