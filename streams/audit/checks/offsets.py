"""A set of offsets, as spans: a log that is covered without a hole costs two numbers."""

from bisect import bisect_right


class Offsets:
    def __init__(self) -> None:
        self._begins: list[int] = []
        self._ends: list[int] = []

    def __contains__(self, offset: int) -> bool:
        at = bisect_right(self._begins, offset) - 1
        return at >= 0 and offset < self._ends[at]

    def __len__(self) -> int:
        """How many spans it takes."""
        return len(self._begins)

    def add(self, offset: int) -> None:
        at = bisect_right(self._begins, offset) - 1
        if at >= 0 and offset < self._ends[at]:
            return
        joins_before = at >= 0 and self._ends[at] == offset
        joins_after = at + 1 < len(self._begins) and self._begins[at + 1] == offset + 1
        if joins_before and joins_after:
            self._ends[at] = self._ends.pop(at + 1)
            del self._begins[at + 1]
        elif joins_before:
            self._ends[at] = offset + 1
        elif joins_after:
            self._begins[at + 1] = offset
        else:
            self._begins.insert(at + 1, offset)
            self._ends.insert(at + 1, offset + 1)
