"""How far a partition is done: commands finish out of order, an offset is committed in order."""


class Progress:
    def __init__(self) -> None:
        self._begun: dict[int, bool] = {}
        """By offset, in order: whether it has ended."""
        self.next_offset: int | None = None
        """All before this one have ended. None while nothing has."""

    @property
    def unfinished(self) -> int:
        return sum(not ended for ended in self._begun.values())

    def begin(self, offset: int) -> bool:
        """Whether it is new; a record may be delivered again after a seek."""
        if offset in self._begun or (self.next_offset is not None and offset < self.next_offset):
            return False
        self._begun[offset] = False
        return True

    def end(self, offset: int) -> None:
        self._begun[offset] = True
        while self._begun and self._begun[first := next(iter(self._begun))]:
            del self._begun[first]
            self.next_offset = first + 1
