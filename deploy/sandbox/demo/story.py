"""What happened, told from the topics alone: each line can be read again at the place it names."""

from dataclasses import dataclass, field

from schemas.alerts import AlertStatus
from schemas.incidents import Incident
from schemas.metrics import Samples
from schemas.remediation import Command, CommandKind, Observation, Outcome, OutcomeStatus
from schemas.tape import Detection, TapeRecord

Heard = Samples | TapeRecord | Incident | Command | Observation | Outcome
FAILED_CODES = "5"


@dataclass(frozen=True, slots=True)
class Place:
    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Line:
    at_ms: int
    what: str
    place: Place | None
    """None for what happened outside the topics."""


@dataclass(slots=True)
class Story:
    """Hears every record since the fault, in the order of each partition, and keeps the turns."""

    fault_at_ms: int
    deployment: str = "checkout"
    """Whose incident is told; others may be open at the same time."""
    shown_at_ms: int | None = None
    detected_at_ms: int | None = None
    commanded_at_ms: int | None = None
    acted_at_ms: int | None = None
    ended_at_ms: int | None = None
    end: str = ""
    """How the incident ended: `verified`, `escalated`, or why else it was resolved. One that clears
    before anything was done is not at its end: the fault is still there."""
    incident_id: str = ""
    _failures: dict[str, float] = field(default_factory=dict)
    _state: str = ""

    @property
    def ended(self) -> bool:
        return bool(self.end)

    def seconds(self, at_ms: int | None) -> float | None:
        return None if at_ms is None else round((at_ms - self.fault_at_ms) / 1000, 2)

    def hear(self, place: Place, at_ms: int, record: Heard) -> list[Line]:
        if at_ms < self.fault_at_ms:
            if isinstance(record, Samples):
                self._more_failures(record)
            return []
        what = self._told(at_ms, record)
        return [Line(at_ms, what, place)] if what else []

    def _told(self, at_ms: int, record: Heard) -> str:
        match record:
            case Samples():
                return self._hear_samples(at_ms, record)
            case TapeRecord(fact=Detection() as detection):
                return self._hear_detection(at_ms, detection)
            case Incident():
                return self._hear_incident(at_ms, record)
            case Command():
                return self._hear_command(at_ms, record)
            case Observation():
                return (
                    f"seen: {record.replicas_ready} of {record.replicas_wanted} ready, "
                    f"generation {record.generation}"
                )
            case Outcome():
                return self._hear_outcome(at_ms, record)
        return ""

    def _hear_samples(self, at_ms: int, samples: Samples) -> str:
        grew = self._more_failures(samples)
        if self.shown_at_ms is not None or not grew:
            return ""
        self.shown_at_ms = at_ms
        return f"metrics show it: {grew:.0f} failed requests at {samples.labels.get('pod', '?')}"

    def _more_failures(self, samples: Samples) -> float:
        key = samples.labels.get("pod", "")
        failed = sum(
            s.value
            for s in samples.samples
            if s.name == "checkout_requests_total"
            and s.labels.get("code", "").startswith(FAILED_CODES)
        )
        before = self._failures.get(key, 0.0)
        self._failures[key] = failed
        return max(0.0, failed - before)

    def _hear_detection(self, at_ms: int, detection: Detection) -> str:
        if detection.status is AlertStatus.RESOLVED:
            return f"detection clear: {detection.rule}, {detection.value:.0%}"
        self.detected_at_ms = self.detected_at_ms or at_ms
        return (
            f"detected: {detection.rule}, {detection.value:.0%} of requests fail "
            f"(more than {detection.threshold:.0%})"
        )

    def _hear_incident(self, at_ms: int, incident: Incident) -> str:
        if incident.group.get("deployment") != self.deployment:
            return ""
        self.incident_id = self.incident_id or incident.incident_id
        if incident.incident_id != self.incident_id or incident.state == self._state:
            return ""
        before, self._state = self._state, incident.state
        reason = incident.timeline[-1].reason if incident.timeline else ""
        if not before:
            return f"incident {incident.incident_id[:8]} opened: {incident.title}"
        if incident.state == "escalated":
            self.end, self.ended_at_ms = incident.state, at_ms
        elif incident.state == "resolved" and self.acted_at_ms is not None:
            self.end, self.ended_at_ms = reason, at_ms
        elif incident.state == "closed" and not self.ended:
            self.incident_id = self._state = ""  # The fault is still there: the next one is told.
        return f"incident {incident.state}: {reason}"

    def _hear_command(self, at_ms: int, command: Command) -> str:
        if command.kind is CommandKind.ACT:
            self.commanded_at_ms = self.commanded_at_ms or at_ms
        action = f" {command.action}" if command.kind is not CommandKind.VERIFY else ""
        return f"command {command.kind.value}{action}: {command.target}"

    def _hear_outcome(self, at_ms: int, outcome: Outcome) -> str:
        name = "rollback" if outcome.kind is CommandKind.ROLLBACK else "action"
        match outcome.status:
            case OutcomeStatus.INTENT:
                return f"{name} intended, on disk before it is done"
            case OutcomeStatus.APPLIED:
                self.acted_at_ms = self.acted_at_ms or at_ms
                return f"{name} applied to the cluster"
            case OutcomeStatus.CHECKED:
                return "checked: " + "; ".join(
                    f"{c.probe} {_verdict(c.passed)} ({c.detail})" for c in outcome.checks
                )
        return f"{name} {outcome.status.value}: {outcome.reason} {outcome.detail}".rstrip()


def _verdict(passed: bool | None) -> str:
    return {True: "passed", False: "not yet", None: "cannot tell"}[passed]
