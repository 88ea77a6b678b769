"""A workload and its pods, as the API server had them."""

from dataclasses import dataclass

from remediators.core.reply import Reply
from remediators.core.seen import Json, Seen

REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True, slots=True)
class Condition:
    type: str
    status: str
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Pods:
    """How many there are, by the controller's own count."""

    ready: int = 0
    updated: int = 0
    available: int = 0
    unavailable: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload(Seen):
    observed_generation: int
    template: Json
    replicas_wanted: int
    unavailable_max: int
    """How many pods a rolling change may take away at once."""
    pods: Pods = Pods()
    conditions: tuple[Condition, ...] = ()
    rollout_paused: bool = False
    selector: Json

    @property
    def revision(self) -> str:
        return self.annotations.get(REVISION, "")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a rail may ask about a target's neighbourhood. None and 0: not known."""

    pdb_allowed: int | None = None
    nodes: int = 0
    nodes_ready: int = 0
    zones: int = 0
    keeper: Workload | None = None
    """For a pod: the workload or ReplicaSet that would replace it."""
    unread: Reply | None = None
    """Why its disruption budgets could not be read, so that `pdb_allowed` tells nothing."""
