"""Threshold: the last value, held against a limit. How long it must hold is the rule's `for`."""

from dataclasses import dataclass
from typing import ClassVar

import msgspec

from streams.detect.verdict import Limit, Points, Verdict, with_point


class Seen(msgspec.Struct, frozen=True):
    points: Points = ()


@dataclass(frozen=True, slots=True)
class Threshold:
    kind: ClassVar[str] = "threshold"
    state: ClassVar[type[Seen]] = Seen
    store_every_ms: ClassVar[int | None] = None
    """The points are for a chart alone; what stands is stored when it changes."""

    limit: Limit

    def judge(self, seen: Seen, at_ms: int, value: float, learn: bool) -> tuple[Seen, Verdict]:
        points = with_point(seen.points, at_ms, value)
        words = f"{value:g}, to be told when {self.limit}"
        holds = self.limit.crossed_by(value)
        return Seen(points), Verdict(holds, value, self.limit.value, 0, words, points)
