"""How many bytes of deliveries may be in this process: beyond it senders are told to come again.

A delivery counts while it is read, and its records until Kafka has them or never will. So a broker
that stands still fills the bound and not the memory.
"""

from types import TracebackType

from schemas.topics import BODY_BYTES_MAX, KIB, MIB
from streams.ingest.refusal import RETRY_SOON_S, BadConfiguration, Refused

REQUEST_BYTES_MAX = 96 * MIB
"""All records travel in one request to a broker, which takes 100 MiB of it."""
SMALL_BYTES = 256 * KIB
"""What almost every delivery stays below."""


class Flight:
    def __init__(self, bytes_max: int) -> None:
        if not 2 * BODY_BYTES_MAX <= bytes_max <= REQUEST_BYTES_MAX:
            raise BadConfiguration(
                f"MENDLOG_IN_FLIGHT_BYTES_MAX is {bytes_max}; it must be between "
                f"{2 * BODY_BYTES_MAX} and {REQUEST_BYTES_MAX}"
            )
        self._bytes_max = bytes_max
        self._spared = min(bytes_max // 4, bytes_max - 2 * BODY_BYTES_MAX)
        """No large body is promised room there: whoever announces such bodies and sends nothing
        keeps out others of their kind, and none of the small ones."""
        self.bytes = 0

    def keep(self, size: int) -> None:
        """For what is only announced."""
        self.take(size, self._spared if size > SMALL_BYTES else 0)

    def take(self, size: int, spared: int = 0) -> None:
        if self.bytes + size > self._bytes_max - spared:
            raise Refused(503, "too much is waiting for Kafka", RETRY_SOON_S)
        self.bytes += size

    def give(self, size: int) -> None:
        self.bytes -= size
        assert self.bytes >= 0


class Share:
    """What one request has taken; given back at its end."""

    def __init__(self, flight: Flight) -> None:
        self._flight = flight
        self._size = 0
        self._kept = 0
        """Of it, what is not used yet."""

    def keep(self, size: int) -> None:
        """Room for what is to come, before any of it is. Many who had half of theirs would keep one
        another out, and come again, and keep one another out."""
        self._flight.keep(size)
        self._size += size
        self._kept += size

    def take(self, size: int) -> None:
        kept = min(size, self._kept)
        self._flight.take(size - kept)
        self._kept -= kept
        self._size += size - kept

    def give_kept(self) -> None:
        """What was kept and not used: it is another's now."""
        self._flight.give(self._kept)
        self._size -= self._kept
        self._kept = 0

    def __enter__(self) -> "Share":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._flight.give(self._size)
