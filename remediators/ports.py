"""What the executor needs of the world. Adapters provide it; fakes provide it in tests.

Errors of a vendor's library stop at the adapter: calls to a cluster answer with a `Reply`. A broker
that fails is a `BrokerLost`, and ends the process: its successor starts from what is recorded.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from remediators.core.page import NoPage, Page
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.reply import Reply
from remediators.core.seen import Json, Seen
from remediators.core.workload import Surroundings
from schemas.codec import Undecodable
from schemas.controls import Heartbeat, Switch
from schemas.remediation import Command, Observation, Outcome, Request, Target, Withdrawal

Reached = Callable[[str], None]
"""Called at named points, so that a test can kill the process exactly there."""


def not_reached(_: str) -> None:
    pass


class BrokerLost(Exception):
    """A record was not acknowledged, or could not be read, within the time we allow."""


class Cluster(Protocol):
    """One cluster's API. A `Reply` in place of a value says why there is none."""

    async def look(self, target: Target) -> Seen | Reply:
        """A Workload, where its kind is one."""
        ...

    async def find(self, query: Query) -> tuple[Json, ...] | Reply:
        """All of them, or why not; what is asked for by name may be none."""
        ...

    async def survey(self, target: Target) -> tuple[Seen, Surroundings] | Reply:
        """A look, and beside it what can be told of the neighbourhood; what cannot be told is left
        unknown."""
        ...

    async def rehearse(self, request: Request) -> Reply:
        """What the API would answer to it, admission included; nothing is changed."""
        ...

    async def send(self, request: Request, in_time: Callable[[], bool]) -> Reply:
        """One call with exactly this body. `in_time` is asked last of all before the first byte
        leaves; when it says no, the answer is HELD_BACK."""
        ...

    async def close(self) -> None: ...


class Pages(Protocol):
    """Services, as anybody would ask them; those that nobody has listed are not asked."""

    async def get(self, url: str, timeout_ms: int) -> Page | NoPage:
        """One GET without credentials. A redirect is an answer and is not followed."""
        ...


class Prometheus(Protocol):
    """One cluster's Prometheus, or what speaks its API."""

    async def query(self, query: str, timeout_ms: int) -> Page | NoPage:
        """The API's own answer to an instant query."""
        ...


@dataclass(frozen=True, slots=True)
class Outlook:
    """Where probes may look beside the cluster's API."""

    pages: Pages
    prometheus: Mapping[str, Prometheus]
    """By cluster."""


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


Recorded = Outcome | Observation

Tell = Callable[[Command, Recorded], None]
"""Called with what was recorded of a command, so that whoever looks at its target learns of it.
Returns at once, and never fails: nobody waits for it, and nothing depends on it."""


def tell_nobody(_command: Command, _record: Recorded) -> None:
    pass


class Ledger(Protocol):
    """The topic `outcomes`: what has been done, and the only place where we say so."""

    def read(
        self, partition: int, since_ms: int, naming: str = ""
    ) -> AsyncIterator[tuple[int, Recorded | None]]:
        """With its broker time, each record appended there since then, up to the end as it is when
        asked. None for one that this release cannot read. `naming` a command: whatever does not
        name it may be left out."""
        ...

    async def append(self, partition: int, record: Recorded) -> int:
        """Return, with the broker's time, once all replicas have acknowledged it."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One record of `commands`: a command, or the withdrawal of one. Neither where it is unusable;
    `fault` tells why."""

    partition: int
    offset: int
    at_ms: int
    key: bytes | None
    value: bytes | None
    command: Command | None
    fault: str = ""
    detail: str = ""
    withdrawal: Withdrawal | None = None


class Owner(Protocol):
    """Who is told which partitions are ours."""

    async def assigned(self, partitions: Iterable[int]) -> None: ...

    async def revoked(self, partitions: Iterable[int]) -> None:
        """Return when nothing more is begun there; whoever takes over waits for it."""
        ...


class Inbox(Protocol):
    """The topic `commands`, read as one member of the executors' group."""

    async def start(self, owner: Owner) -> None: ...

    async def fetch(self, records_max: int, full: Collection[int] = ()) -> Sequence[Delivery]:
        """Up to so many, and none of the partitions that are full; none after a moment in which
        none came."""
        ...

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        """A hint for whoever reads on. Losing one only makes commands come again."""
        ...

    async def reject(self, delivery: Delivery, at_ms: int) -> None:
        """Keep, as received, what cannot be used; return once that is acknowledged."""
        ...

    async def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Posted:
    """One record of `switches`. `record` is None for a key that was cleared."""

    key: str
    at_ms: int
    record: Switch | Heartbeat | Undecodable | None


class SwitchBoard(Protocol):
    """The topic `switches`, from its first record on."""

    async def fetch(self) -> Sequence[Posted]: ...

    async def beat(self, heartbeat: Heartbeat) -> None:
        """Raises BrokerLost when it was not acknowledged in time."""
        ...

    async def forget(self, executor: str) -> None:
        """This executor ends in good order: its heartbeat need not be kept."""
        ...
