"""What stands on a cluster beside its incidents: what was done to its targets and what came of it,
and what people have ordered. Entries, as those of `streams.core.entries`."""

from dataclasses import dataclass

TARGET_KEPT_MS = 24 * 3_600_000

ACTED_MAX = 20
"""How many of one action on one target are remembered; no limit may count further, or longer."""


@dataclass(frozen=True, slots=True)
class Acted:
    at_ms: int
    action: str
    incident_id: str
    portion: int = 0


@dataclass(frozen=True, slots=True)
class TargetState:
    """A workload that was acted on: who holds it, and what was done to it lately."""

    locked_by: str = ""
    acted: tuple[Acted, ...] = ()
    """Oldest first."""

    @property
    def deadline_ms(self) -> int | None:
        if self.locked_by or not self.acted:
            return None
        return self.acted[-1].at_ms + TARGET_KEPT_MS


@dataclass(frozen=True, slots=True)
class ServiceState:
    """A service of the catalogue that was acted on."""

    in_flight: tuple[str, ...] = ()
    """Incidents with an action under way."""
    acted_at_ms: int = 0
    acted_by: str = ""

    @property
    def deadline_ms(self) -> int | None:
        return None if self.in_flight else self.acted_at_ms + TARGET_KEPT_MS


@dataclass(frozen=True, slots=True)
class ChangeState:
    """The last deployment of a workload that somebody told of."""

    at_ms: int
    revision: str
    author: str

    @property
    def deadline_ms(self) -> int | None:
        return self.at_ms + TARGET_KEPT_MS


@dataclass(frozen=True, slots=True)
class SilenceState:
    """Alerts that match neither tell nor act while it lasts."""

    matchers: tuple[str, ...]
    starts_at_ms: int
    ends_at_ms: int
    author: str
    comment: str
    maintenance: bool = False

    @property
    def deadline_ms(self) -> int | None:
        return self.ends_at_ms


@dataclass(frozen=True, slots=True)
class FreezeState:
    """No actions until it ends."""

    ends_at_ms: int
    author: str
    comment: str

    @property
    def deadline_ms(self) -> int | None:
        return self.ends_at_ms


@dataclass(frozen=True, slots=True)
class StormState:
    """How many incidents a cluster has opened lately, and the storm that this amounts to."""

    slots: tuple[tuple[int, int], ...] = ()
    """Of the storm window: each slot's begin and its count, oldest first."""
    until_ms: int = 0
    """A storm is on until then; 0: none."""
    incident_id: str = ""
    """The one incident that people are told of."""
    crowded: bool = False
    """Its incident says already that there are more alerts than are followed."""

    @property
    def deadline_ms(self) -> int | None:
        if self.until_ms:
            return self.until_ms
        return self.slots[-1][0] + TARGET_KEPT_MS if self.slots else None


@dataclass(frozen=True, slots=True)
class BreakerState:
    """How the latest actions of a playbook, or of a whole cluster, turned out."""

    results: tuple[bool, ...] = ()
    """True: verified, and it lasted. Oldest first."""
    opened_at_ms: int = 0
    """0: closed."""
    canary: str = ""
    """The incident that may try whether it works again."""


@dataclass(frozen=True, slots=True)
class AutonomyState:
    """What a playbook has shown on a cluster: which people agreed with, and what it failed at."""

    ladder: str = ""
    """The evidence is of this ladder; another one starts anew."""
    cases: tuple[bool, ...] = ()
    first_case_at_ms: int = 0
    granted: bool = False
    """The evidence was enough, and that is on the record."""
    demoted: bool = False
    """It failed and may not act by itself until somebody trusts it again."""
    denied: str = ""
    """The digest of the policy in force when the cluster's API last refused it for want of a right:
    while that is in force, it is off."""
    denied_why: str = ""
