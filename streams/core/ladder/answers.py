"""What the reason of a command that had no effect says of trying again."""

from schemas.remediation import OutcomeReason, OutcomeStatus

WITHOUT_EFFECT = frozenset(
    {
        OutcomeReason.STALE,
        OutcomeReason.EXPIRED,
        OutcomeReason.THROTTLED,
        OutcomeReason.API_DOWN,
    }
)
"""Rejections and failures that say more about the moment than about the action: try again."""

SWITCHED_OFF = frozenset(
    {
        OutcomeReason.NO_HEARTBEAT,
        OutcomeReason.CLOCK_SKEW,
        OutcomeReason.KILLED,
        OutcomeReason.OVER_BUDGET,
        OutcomeReason.TOO_FEW_HEALTHY,
    }
)
"""The executor may not act for a while, or its target cannot spare a pod. It is asked again, but
not at once: every attempt counts, and the last of them goes to a human."""

SWITCHED_OFF_PAUSE_MS = 30_000

CERTAIN = frozenset({OutcomeStatus.APPLIED, OutcomeStatus.REJECTED, OutcomeStatus.FAILED})
