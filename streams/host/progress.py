"""How far a loop is, how fast, and how much is left."""

import msgspec


class Progress(msgspec.Struct, frozen=True):
    next: int
    """The offset of the next record to apply."""
    end: int
    """Where the input ends, as far as is known."""
    pace_s: float
    """What a record costs when there is work."""

    @property
    def lag(self) -> int:
        return max(0, self.end - self.next)
