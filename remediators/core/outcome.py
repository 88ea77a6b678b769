"""What is written about a command: its intent, its end, what was seen."""

from collections.abc import Mapping
from dataclasses import dataclass

from remediators.core.marker import marker_of
from remediators.core.pods import ready
from remediators.core.protocol import End
from remediators.core.refusal import Refusal
from remediators.core.reply import Answer, Reply
from remediators.core.seen import Seen
from remediators.core.workload import Surroundings, Workload
from schemas.kinds import POD
from schemas.remediation import (
    Check,
    Command,
    Observation,
    Outcome,
    OutcomeReason,
    OutcomeStatus,
    Request,
)

DETAIL_CHARS_MAX = 500
NOTE_CHARS_MAX = 256
"""Of what anybody may write on an object, up to 256 KiB in all. What is longer is no date and no
name, and stays none when it is cut."""
MANAGERS_MAX = 32


@dataclass(frozen=True, slots=True)
class Pen:
    """Who writes, and when, by the broker's clock."""

    executor: str
    at_ms: int

    def intent(self, command: Command, request: Request, undo: Mapping[str, str]) -> Outcome:
        return self._outcome(command, OutcomeStatus.INTENT, request=request, undo=undo)

    def ended(self, command: Command, intent: Outcome | None, end: End) -> Outcome:
        """An effect takes over from its INTENT how it would be undone."""
        undo = intent.undo if intent and end.status is OutcomeStatus.APPLIED else {}
        return self._outcome(command, end.status, end.reason, end.detail, undo=undo)

    def refused(self, command: Command, refusal: Refusal) -> Outcome:
        return self._outcome(command, OutcomeStatus.REJECTED, refusal.reason, refusal.detail)

    def failed(self, command: Command, reply: Reply) -> Outcome:
        """The API could not be asked in time, and nothing was sent."""
        return self._outcome(command, OutcomeStatus.FAILED, reason_of(reply), reply.detail)

    def checked(self, command: Command, checks: tuple[Check, ...]) -> Outcome:
        return self._outcome(command, OutcomeStatus.CHECKED, checks=checks)

    def missing(self, command: Command) -> Observation:
        return Observation(
            command_id=command.command_id,
            cluster=command.cluster,
            incident_id=command.incident_id,
            target=command.target,
            found=False,
            at_ms=self.at_ms,
            executor=self.executor,
            reason=OutcomeReason.NOT_FOUND.value,
        )

    def observed(self, command: Command, seen: Seen, around: Surroundings) -> Observation:
        counted = seen if isinstance(seen, Workload) else around.keeper
        own = seen.observed_generation if isinstance(seen, Workload) else seen.generation
        return Observation(
            command_id=command.command_id,
            cluster=command.cluster,
            incident_id=command.incident_id,
            target=command.target,
            found=True,
            at_ms=self.at_ms,
            executor=self.executor,
            uid=seen.uid,
            generation=seen.generation,
            observed_generation=own,
            resource_version=seen.resource_version,
            revision=counted.revision[:NOTE_CHARS_MAX] if counted else "",
            replicas_wanted=counted.replicas_wanted if counted else 0,
            replicas_ready=counted.pods.ready if counted else 0,
            replicas_updated=counted.pods.updated if counted else 0,
            replicas_unavailable=counted.pods.unavailable if counted else 0,
            unavailable_max=_taken_at_once(seen),
            opted_in=seen.opted_in,
            paused_until=seen.paused_until[:NOTE_CHARS_MAX],
            marker=marker_of(seen),
            owner=seen.owner[:NOTE_CHARS_MAX],
            field_managers=seen.field_managers[:MANAGERS_MAX],
            pdb_allowed=around.pdb_allowed,
            nodes=around.nodes,
            nodes_ready=around.nodes_ready,
            zones=around.zones,
        )

    def _outcome(
        self,
        command: Command,
        status: OutcomeStatus,
        reason: OutcomeReason = OutcomeReason.NONE,
        detail: str = "",
        *,
        request: Request | None = None,
        checks: tuple[Check, ...] = (),
        undo: Mapping[str, str] | None = None,
    ) -> Outcome:
        return Outcome(
            command_id=command.command_id,
            cluster=command.cluster,
            incident_id=command.incident_id,
            kind=command.kind,
            status=status,
            reason=reason.value,
            at_ms=self.at_ms,
            executor=self.executor,
            detail=detail[:DETAIL_CHARS_MAX],
            request=request,
            checks=checks,
            undo=undo or {},
        )


def _taken_at_once(seen: Seen) -> int:
    """Of a pod that is not ready nobody misses anything."""
    if isinstance(seen, Workload):
        return seen.unavailable_max
    return int(seen.target.kind == POD and ready(seen.body))


_REASONS: Mapping[Answer, OutcomeReason] = {
    Answer.NOT_FOUND: OutcomeReason.NOT_FOUND,
    Answer.FORBIDDEN: OutcomeReason.FORBIDDEN,
    Answer.INVALID: OutcomeReason.INVALID,
    Answer.THROTTLED: OutcomeReason.THROTTLED,
}


def reason_of(reply: Reply) -> OutcomeReason:
    """Of a reading that failed."""
    return _REASONS.get(reply.answer, OutcomeReason.API_DOWN)


def passing(reply: Reply) -> bool:
    """Whether the same reading may succeed in a moment."""
    return reply.answer in (Answer.THROTTLED, Answer.NEVER_SENT, Answer.UNSURE)
