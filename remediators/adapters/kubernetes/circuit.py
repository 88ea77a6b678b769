"""Whether one API server is asked at all. One that does not answer is left alone for a while, and
then asked one harmless thing.

What holds a thread while nobody answers is a time-out; with a circuit a few calls pay for it, and
not all of them.
"""

import threading
import time
from collections.abc import Callable
from enum import StrEnum

from remediators.clusters import CircuitLimits


class State(StrEnum):
    CLOSED = "closed"
    """Asked as usual."""
    OPEN = "open"
    """Not asked."""
    HALF_OPEN = "half_open"
    """One is asking whether it is there again."""


Told = Callable[[bool, str], None]
"""Whether it is left alone from now on, and why. A knock in vain changes nothing."""


def tell_nobody(_: bool, __: str) -> None:
    pass


class Circuit:
    """For several threads. Whoever is told to knock must say what came of it."""

    def __init__(
        self,
        limits: CircuitLimits,
        told: Told = tell_nobody,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        self._told = told
        self._now_s = now_s
        self._lock = threading.Lock()
        self._state = State.CLOSED
        self._failures = 0
        self._open_s = 0.0
        self._until_s = 0.0
        self.why = ""
        """Of the last failure."""

    def ask(self) -> State:
        """CLOSED to whoever may ask, OPEN to whoever may not, HALF_OPEN to the one who is to
        knock."""
        with self._lock:
            if self._state is State.OPEN and self._now_s() >= self._until_s:
                self._state = State.HALF_OPEN
                return State.HALF_OPEN
            return State.CLOSED if self._state is State.CLOSED else State.OPEN

    def answered(self) -> None:
        """Anything that came from a server which is up, a refusal too."""
        with self._lock:
            self._failures = 0
            if self._state is not State.CLOSED:
                self._state = State.CLOSED
                self._told(False, "it answers")

    def failed(self, why: str) -> None:
        with self._lock:
            self.why = why
            self._failures += 1
            if self._state is State.CLOSED and self._failures >= self._limits.failures_max:
                self._open(self._limits.open_first_s)
                self._told(True, why)

    def knocked_in_vain(self, why: str) -> None:
        with self._lock:
            self.why = why
            if self._state is State.HALF_OPEN:
                self._open(min(self._open_s * 2, self._limits.open_most_s))

    @property
    def left_s(self) -> float:
        """Until the next knock; while somebody knocks, a moment."""
        with self._lock:
            if self._state is State.HALF_OPEN:
                return self._limits.open_first_s
            return max(0.0, self._until_s - self._now_s())

    def _open(self, for_s: float) -> None:
        self._open_s = for_s
        self._until_s = self._now_s() + for_s
        self._state = State.OPEN
