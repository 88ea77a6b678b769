"""How long a kubelet's second lasts, and how long a crashing container has to wait.

Probes are given in whole seconds, which is too slow for a sandbox. Their periods and delays, and
the waits between restarts, are therefore scaled; timeouts and grace periods are not.
"""

from dataclasses import dataclass

SANDBOX_SECOND_S = 0.1
BACKOFF_FIRST_S = 10
BACKOFF_MAX_S = 300
FORGIVEN_AFTER_S = 600


@dataclass(frozen=True, slots=True)
class Pace:
    second_s: float = SANDBOX_SECOND_S

    def scaled(self, seconds: float) -> float:
        return seconds * self.second_s


class BackOff:
    """Waits between restarts: none, then doubling; forgiven after a long good run."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._next_s = 0.0

    def after_run_of(self, ran_s: float) -> float:
        """How long to wait now, after a run of this length."""
        if ran_s > self._pace.scaled(FORGIVEN_AFTER_S):
            self._next_s = 0.0
        wait_s = self._next_s
        self._next_s = min(BACKOFF_MAX_S, max(BACKOFF_FIRST_S, 2 * wait_s))
        return self._pace.scaled(wait_s)
