"""Why nothing was done."""

from dataclasses import dataclass

from schemas.remediation import OutcomeReason


@dataclass(frozen=True, slots=True)
class Refusal:
    reason: OutcomeReason
    detail: str = ""
