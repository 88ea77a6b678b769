"""What `deliveries` already says of the notices of one partition.

The first end of a delivery is the one that counts; an attempt that is found without an end may
have arrived.
"""

from collections import OrderedDict
from dataclasses import dataclass

from schemas.notices import Delivery

ENTRIES_MAX = 20_000
NEVER_MS = 2**63


@dataclass(frozen=True, slots=True)
class Known:
    attempted: bool = False
    ended: bool = False
    at_ms: int = 0


NOTHING = Known()


class Book:
    """The same record may be noted twice, and an older one after a newer."""

    def __init__(self) -> None:
        self.read_from_ms = NEVER_MS
        """The topic has been read from there on."""
        self.forgotten_to_ms = 0
        """Of what was noted before this, some was dropped for want of room."""
        self._known: OrderedDict[str, Known] = OrderedDict()

    def known(self, key: str) -> Known:
        return self._known.get(key, NOTHING)

    def note(self, key: str, delivery: Delivery, at_ms: int) -> None:
        known = self.known(key)
        if known.ended:
            return
        self._known[key] = Known(True, delivery.status.terminal, at_ms)
        self._known.move_to_end(key)
        if len(self._known) > ENTRIES_MAX:
            _, forgotten = self._known.popitem(last=False)
            self.forgotten_to_ms = max(self.forgotten_to_ms, forgotten.at_ms)
