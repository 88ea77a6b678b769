"""What is remembered of a partition of the tape, and of each cluster on it."""

from dataclasses import dataclass

PARTITION = "partition"
CHECKPOINT_MS = 600_000
CHECKPOINT_FACTS = 1_000


@dataclass(frozen=True, slots=True)
class PartitionState:
    """What concerns every cluster of the partition."""

    now_ms: int = 0
    logic: int = 1
    policy: str = ""
    policies: tuple[str, ...] = ()
    """Digests of the texts that are kept, oldest first."""
    killed: bool = False
    tick_at_ms: int = 0
    tick_host_at_ms: int = 0
    ticks_to_agree: int = 0
    """After a clock jump: how many more ticks must agree before actions are allowed."""
    candidate: str = ""
    """The digest of a policy that runs beside the one in force and sends nothing."""
    candidate_run: str = ""
    """The name of that run: no two have the same."""
    beside: str = ""
    """In the state of such a run: its name, which its chains of decisions carry."""


@dataclass(frozen=True, slots=True)
class PolicyText:
    source: str
    author: str


@dataclass(frozen=True, slots=True)
class OriginMark:
    """The last fact applied of one input partition, for one cluster."""

    offset: int
    index: int
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class ScopeState:
    """What concerns one cluster: its chain of decisions and what its budgets count."""

    seq: int = 0
    previous: str = ""
    facts_hash: str = ""
    facts: int = 0
    """Facts since the last decision."""
    decided_at_ms: int = 0
    killed: bool = False
    acted_at_ms: tuple[int, ...] = ()
    """When each ACT of the last hour was sent; a command that is lost still spends its place."""
    in_flight: tuple[str, ...] = ()
    """Incidents whose ACT or ROLLBACK has no terminal outcome yet; and, by its id, the ROLLBACK of
    what was done for a time."""
    lag_ms: int = 0
    """How long the last delivery had waited before it was read, and when that was known."""
    lag_at_ms: int = 0

    @property
    def deadline_ms(self) -> int | None:
        return self.decided_at_ms + CHECKPOINT_MS if self.facts else None
