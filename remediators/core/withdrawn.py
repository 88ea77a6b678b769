"""Commands whose alerts have ended since they were ordered, as the core has said behind them."""

from remediators.core.refusal import Refusal
from schemas.remediation import Command, CommandKind, OutcomeReason, Withdrawal

KEPT_MAX = 10_000
"""Beyond that the oldest is forgotten, and its command's time to live is what bounds it."""


class Withdrawn:
    """Of one partition. Noted by one thread, and asked by any."""

    def __init__(self) -> None:
        self._kept: dict[str, Withdrawal] = {}
        """By command, in the order in which they were heard."""

    def __len__(self) -> int:
        return len(self._kept)

    def note(self, withdrawal: Withdrawal, now_ms: int) -> None:
        """Until its command expires. What was said first of it stays."""
        if withdrawal.expires_at_ms > now_ms:
            self._kept.setdefault(withdrawal.command_id, withdrawal)
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if oldest.expires_at_ms > now_ms and len(self._kept) <= KEPT_MAX:
                return
            del self._kept[oldest.command_id]

    def refusal(self, command: Command) -> Refusal | None:
        """An undo is no answer to an alert: it is never withdrawn."""
        found = self._kept.get(command.command_id)
        if found is None or command.kind is not CommandKind.ACT:
            return None
        if (found.incident_id, found.target) != (command.incident_id, command.target):
            return None
        return Refusal(OutcomeReason.CONDITION_CLEARED, "its alerts have ended since")
