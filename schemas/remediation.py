"""What is asked of a cluster, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Target:
    cluster: str
    namespace: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.lower()}/{self.name} in {self.namespace} of {self.cluster}"


class CommandKind(StrEnum):
    LOOK = "look"
    """Read only: report what the rails of the next step need."""
    ACT = "act"
    VERIFY = "verify"
    """Read only: run the step's probes once."""
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Command:
    """One order to the executor. `uid` and `generation` are those of the observation that the
    order was decided on; the executor never refreshes them."""

    command_id: str
    cluster: str
    incident_id: str
    kind: CommandKind
    action: str
    target: Target
    parameters: Mapping[str, str]
    step: int
    attempt: int
    issued_at_ms: int
    expires_at_ms: int
    evidence_partition: int
    evidence_offset: int
    uid: str = ""
    generation: int = 0
    marker: str = ""
    """The target's `mendlog.io/last-command` as observed; part of the precondition."""
    undoes: str = ""
    """For ROLLBACK: the ACT that it undoes."""
    correlation_id: str = ""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An ACT whose reason is gone: the last alert of its incident has ended. It stands behind its
    command, on the same partition. An executor that has not yet sent that refuses it; once it is
    sent, this changes nothing. There is no answer to it but the command's own."""

    command_id: str
    cluster: str
    incident_id: str
    target: Target
    at_ms: int
    expires_at_ms: int
    """When the command expires: until then it is worth keeping."""
    correlation_id: str = ""


class OutcomeStatus(StrEnum):
    INTENT = "intent"
    APPLIED = "applied"
    REJECTED = "rejected"
    """Refused before any effect: by the executor's own guard or by the API's precondition."""
    FAILED = "failed"
    """The API answered that it did not happen, for a reason that is not the precondition."""
    UNKNOWN = "unknown"
    """It may or may not have happened; a human must look."""
    CHECKED = "checked"
    """A VERIFY was carried out; see the checks."""

    @property
    def terminal(self) -> bool:
        return self is not OutcomeStatus.INTENT


@dataclass(frozen=True, slots=True)
class Request:
    """The exact call that an INTENT announces; a resend repeats it byte for byte."""

    verb: str
    target: Target
    content_type: str
    body: str


@dataclass(frozen=True, slots=True)
class Check:
    """One probe's verdict. `passed` None means that it could not tell, which is never success."""

    probe: str
    passed: bool | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    command_id: str
    cluster: str
    incident_id: str
    kind: CommandKind
    status: OutcomeStatus
    reason: str
    """One of `OutcomeReason` for people and counters; empty when all went well."""
    at_ms: int
    executor: str
    detail: str = ""
    request: Request | None = None
    checks: tuple[Check, ...] = ()
    undo: Mapping[str, str] = field(default_factory=dict)
    """For APPLIED: the parameters with which a ROLLBACK would restore what was there before."""


class OutcomeReason(StrEnum):
    NONE = ""
    EXPIRED = "expired"
    STALE = "stale"
    """The target changed since the observation: uid, generation or marker moved on."""
    NOT_FOUND = "not_found"
    NOT_OPTED_IN = "not_opted_in"
    PAUSED = "paused"
    FORBIDDEN = "forbidden"
    INVALID = "invalid"
    THROTTLED = "throttled"
    API_DOWN = "api_down"
    NO_ANSWER = "no_answer"
    UNKNOWN_ACTION = "unknown_action"
    NOT_ENABLED = "not_enabled"
    """This executor knows the action and is not set to carry it out."""
    UNKNOWN_CLUSTER = "unknown_cluster"
    OUT_OF_SCOPE = "out_of_scope"
    """This executor is bound to another namespace or workload."""
    BAD_PARAMETERS = "bad_parameters"
    NOTHING_TO_DO = "nothing_to_do"
    OWNED_ELSEWHERE = "owned_elsewhere"
    """Another controller keeps it as it wants: this would be undone, or fought over."""
    BELOW_MINIMUM = "below_minimum"
    """The action would leave fewer pods than it may."""
    TOO_FEW_HEALTHY = "too_few_healthy"
    """So few of its pods are ready, by the executor's own look, that none can be spared now."""
    DUPLICATE = "duplicate"
    KILLED = "killed"
    """The kill switch of this cluster, or of all, is on."""
    NO_HEARTBEAT = "no_heartbeat"
    """The executor has not read back its own heartbeat: switches and time are not known."""
    CLOCK_SKEW = "clock_skew"
    """The executor's host and the broker disagree about the time: one of them is wrong."""
    OVER_BUDGET = "over_budget"
    """The executor's own count of recent actions, made from `outcomes`, has reached its limit."""
    CONDITION_CLEARED = "condition_cleared"
    """The alerts that it was ordered for have ended, and the core has withdrawn it."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The executor's answer to LOOK: the target as the API server had it."""

    command_id: str
    cluster: str
    incident_id: str
    target: Target
    found: bool
    at_ms: int
    executor: str
    reason: str = ""
    uid: str = ""
    generation: int = 0
    observed_generation: int = 0
    resource_version: str = ""
    revision: str = ""
    replicas_wanted: int = 0
    replicas_ready: int = 0
    replicas_updated: int = 0
    replicas_unavailable: int = 0
    unavailable_max: int = 0
    """How many pods a rolling change of this target may take away at once."""
    opted_in: bool = False
    paused_until: str = ""
    marker: str = ""
    owner: str = ""
    field_managers: tuple[str, ...] = ()
    pdb_allowed: int | None = None
    nodes: int = 0
    nodes_ready: int = 0
    zones: int = 0
