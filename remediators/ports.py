"""What the executor needs of the world. Adapters provide it; fakes provide it in tests.

Errors of a vendor's library stop at the adapter: calls to a cluster answer with a `Reply`. A broker
that fails is a `BrokerLost`, and ends the process: its successor starts from what is recorded.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from remediators.core.ledger import LedgerView
from remediators.core.refusal import Refusal
from remediators.core.reply import Reply
from remediators.core.workload import Revision, Surroundings, Workload
from schemas.remediation import Command, Observation, Outcome, Request, Target

Reached = Callable[[str], None]
"""Called at named points, so that a test can kill the process exactly there."""


def not_reached(_: str) -> None:
    pass


class BrokerLost(Exception):
    """A record was not acknowledged, or could not be read, within the time we allow."""


class Cluster(Protocol):
    """One cluster's API. A `Reply` in place of a value says why there is none."""

    async def look(self, target: Target) -> Workload | Reply: ...

    async def revisions(self, workload: Workload) -> tuple[Revision, ...] | Reply:
        """Its pod templates, past and present."""
        ...

    async def surroundings(self, target: Target) -> Surroundings:
        """What can be told of its neighbourhood; never in the way of a look."""
        ...

    async def send(self, request: Request, in_time: Callable[[], bool]) -> Reply:
        """One call with exactly this body. `in_time` is asked last of all before the first byte
        leaves; when it says no, the answer is NEVER_SENT."""
        ...

    async def close(self) -> None: ...


class Clock(Protocol):
    """The broker's time and the switches, proven by a heartbeat that went through the broker."""

    def now_ms(self) -> int | None:
        """Never behind the broker's clock. None until the first heartbeat has come back."""
        ...

    def refusal(self, cluster: str) -> Refusal | None:
        """Why nothing may be changed in that cluster right now."""
        ...

    async def wait_fresh(self, timeout_s: float) -> None:
        """Return when a heartbeat has come back lately, or after the timeout."""
        ...


class Ledger(Protocol):
    """The topic `outcomes`: what has been done, and the only place where we say so."""

    async def load(self, partition: int, since_ms: int) -> LedgerView:
        """All that was recorded in this partition since then, up to its end as it is now."""
        ...

    async def append(self, partition: int, record: Outcome | Observation) -> int:
        """Return, with the broker's time, once it is acknowledged by all replicas."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One record of `commands`. `command` is None where it could not be read; then `fault` tells
    why."""

    partition: int
    offset: int
    at_ms: int
    key: bytes
    value: bytes
    command: Command | None
    fault: str = ""


class Owner(Protocol):
    """Who is told which partitions are ours."""

    async def assigned(self, partitions: Iterable[int]) -> None: ...

    async def revoked(self, partitions: Iterable[int]) -> None: ...


class Inbox(Protocol):
    """The topic `commands`, read as one member of the executors' group."""

    async def start(self, owner: Owner) -> None: ...

    async def fetch(self) -> Sequence[Delivery]: ...

    async def first_pending_ms(self, partition: int) -> int | None:
        """The broker's time of the next record to be read there; None when there is none."""
        ...

    def hold(self, partitions: Iterable[int]) -> None:
        """Fetch nothing more of these; of all others, again."""
        ...

    async def commit(self, next_offsets: Mapping[int, int]) -> None: ...

    async def reject(self, delivery: Delivery, reason: str, detail: str) -> None:
        """Keep what could not be read, as received."""
        ...

    async def stop(self) -> None: ...
