"""A workload as the API server had it: what guards, actions and probes are asked about.

Plain values; no client library's objects come this far.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.remediation import Target

ENABLED = "mendlog.io/enabled"
PAUSED_UNTIL = "mendlog.io/paused-until"
REVISION = "deployment.kubernetes.io/revision"

Json = Mapping[str, Any]


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


@dataclass(frozen=True, slots=True)
class Workload:
    target: Target
    uid: str
    generation: int
    observed_generation: int
    resource_version: str
    annotations: Mapping[str, str]
    template: Json
    replicas_wanted: int
    unavailable_max: int
    """How many pods a rolling change may take away at once."""
    pods: Pods = Pods()
    conditions: tuple[Condition, ...] = ()
    rollout_paused: bool = False
    selector: Json = field(default_factory=dict)
    owner: str = ""
    """Who else controls it, as `kind/name` between commas. Whether an autoscaler does, only a
    survey tells; `HorizontalPodAutoscaler/?` says that it could not."""
    field_managers: tuple[str, ...] = ()

    @property
    def opted_in(self) -> bool:
        return self.annotations.get(ENABLED) == "true"

    @property
    def paused_until(self) -> str:
        return self.annotations.get(PAUSED_UNTIL, "")

    @property
    def revision(self) -> str:
        return self.annotations.get(REVISION, "")


@dataclass(frozen=True, slots=True)
class Revision:
    """One past or present pod template of a workload, by its owner's count."""

    number: int
    template: Json


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a rail may ask about a workload's neighbourhood. None and 0: not known."""

    pdb_allowed: int | None = None
    nodes: int = 0
    nodes_ready: int = 0
    zones: int = 0
