"""What `deliveries` already says of the notices of one partition.

The first end of a delivery is the one that counts; an attempt that is found without an end may
have arrived.
"""

from collections import OrderedDict
from dataclasses import dataclass

from schemas.notices import Delivery

ENTRIES_MAX = 100_000
"""Of one partition. A notice that was told longer ago than so many others, and then comes again
within its hour, is told again: rather twice than never."""
NEVER_MS = 2**63


@dataclass(frozen=True, slots=True)
class Known:
    attempted: bool = False
    ended: bool = False


NOTHING = Known()


class Book:
    """The same record may be noted twice, and an older one after a newer."""

    def __init__(self) -> None:
        self.read_from_ms = NEVER_MS
        """The topic has been read from there on."""
        self._known: OrderedDict[str, Known] = OrderedDict()

    def known(self, key: str) -> Known:
        return self._known.get(key, NOTHING)

    def note(self, key: str, delivery: Delivery) -> None:
        known = self.known(key)
        if known.ended:
            return
        self._known[key] = Known(True, delivery.status.terminal)
        self._known.move_to_end(key)
        if len(self._known) > ENTRIES_MAX:
            self._known.popitem(last=False)
