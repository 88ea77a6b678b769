"""How often one API server is asked: a bucket of tokens, one for each request."""

import threading
import time
from collections.abc import Callable

from remediators.clusters import ApiLimits


class Bucket:
    """For several threads, which are served in the order in which they came."""

    def __init__(
        self,
        limits: ApiLimits,
        now_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limits = limits
        self._now_s = now_s
        self._sleep = sleep
        self._lock = threading.Lock()
        self._tokens = float(limits.burst)
        """Below zero by what is promised to those who wait."""
        self._at_s = now_s()

    def take(self, wait_s_max: float) -> float:
        """0 with a token, perhaps after a wait; else none, and how long the wait would be."""
        wait_s = self._promise(wait_s_max)
        if wait_s > wait_s_max:
            return wait_s
        if wait_s > 0:
            self._sleep(wait_s)
        return 0.0

    def _promise(self, wait_s_max: float) -> float:
        with self._lock:
            now_s = self._now_s()
            earned = (now_s - self._at_s) * self._limits.requests_per_s
            self._tokens = min(self._tokens + earned, float(self._limits.burst))
            self._at_s = now_s
            wait_s = max(0.0, (1 - self._tokens) / self._limits.requests_per_s)
            if wait_s <= wait_s_max:
                self._tokens -= 1
            return wait_s
