"""What the notifier needs of the world. Adapters provide it; fakes provide it in tests.

Errors of a client library stop at the adapter: a request is answered with a `HttpReply`, whatever
happens to it. A broker that fails is a `BrokerLost`, and ends the process.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from schemas.notices import Delivery, Notice


class HttpFault(StrEnum):
    NOT_REACHED = "not reached"
    """No connection was made: nothing has arrived."""
    CUT = "cut"
    """It ended before the whole answer was here: the request may have arrived."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One POST. Its parts may hold secrets, so none of them is ever printed."""

    url: str = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class HttpReply:
    status: int = 0
    """0 where there was no answer at all."""
    body: bytes = b""
    """As much of it as we read."""
    retry_after_ms: int | None = None
    fault: HttpFault | None = None
    detail: str = ""


class Post(Protocol):
    async def send(self, request: HttpRequest) -> HttpReply:
        """Once; never raises for what the other side or the network does."""
        ...


class Clock(Protocol):
    """The broker's time, as far as our last record tells it."""

    def now_ms(self) -> int: ...

    async def wait_until(self, at_ms: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Arrival:
    """One record of `notices`. `notice` is None where it cannot be used; `fault` tells why."""

    partition: int
    offset: int
    at_ms: int
    key: bytes | None
    value: bytes | None
    notice: Notice | None
    fault: str = ""
    detail: str = ""


class NoticesOwner(Protocol):
    """Who is told which partitions are ours."""

    async def assigned(self, partitions: Iterable[int]) -> None: ...

    async def revoked(self, partitions: Iterable[int]) -> None:
        """Return when nothing more is begun there; whoever takes over waits for it."""
        ...


class NoticesInbox(Protocol):
    """The topic `notices`, read as one member of the notifiers' group."""

    async def start(self, owner: NoticesOwner) -> None: ...

    async def fetch(self, records_max: int) -> Sequence[Arrival]:
        """Up to so many; none after a moment in which none came."""
        ...

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        """A hint for whoever reads on. Losing one only makes notices come again."""
        ...

    async def reject(self, arrival: Arrival, at_ms: int) -> None:
        """Keep, as received, what cannot be used; return once that is acknowledged."""
        ...


class Deliveries(Protocol):
    """The topic `deliveries`: what was told, and the only place where we say so."""

    def read(self, partition: int, since_ms: int) -> AsyncIterator[tuple[int, Delivery]]:
        """With its broker time, each record appended there since then, up to the end as it is when
        asked."""
        ...

    async def append(self, partition: int, key: str, delivery: Delivery) -> int:
        """Return, with the broker's time, once all replicas have acknowledged it."""
        ...
