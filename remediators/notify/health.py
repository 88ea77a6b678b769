"""Whether a channel can be used: what its last answers tell. A circuit breaker, as a value."""

from dataclasses import dataclass, replace

FAILURES_MAX = 3
"""So many in a row, and the channel is down."""
DOWN_MS = 30_000
"""A channel that is down is tried again after this, by one message."""
BUSY_MS = 30_000
"""What we leave a channel that says "too many" and not how long."""
PATIENCE_MS = 60_000
"""A channel that asks for more than this is down, for those who have a second one."""


@dataclass(frozen=True, slots=True)
class Health:
    failures: int = 0
    """In a row."""
    shut_until_ms: int = 0
    probing: bool = False
    """It is down, and one message is finding out whether it still is."""

    @property
    def down(self) -> bool:
        return self.failures >= FAILURES_MAX

    def usable(self, now_ms: int) -> bool:
        return now_ms >= self.shut_until_ms and not (self.down and self.probing)

    def worth_waiting_for(self, now_ms: int) -> bool:
        """Busy is not down."""
        return not self.down and self.shut_until_ms - now_ms <= PATIENCE_MS


WELL = Health()


def tried(health: Health) -> Health:
    return replace(health, probing=health.down)


def untried(health: Health) -> Health:
    """Nothing was sent after all."""
    return replace(health, probing=False)


def worked(health: Health) -> Health:
    """What it asked to be left alone for still holds: an earlier message may be answered later."""
    return WELL if health.down else replace(health, failures=0)


def failed(health: Health, now_ms: int, wait_ms: int | None = None) -> Health:
    """`wait_ms` is what the channel itself asked for."""
    failures = health.failures + 1
    pause_ms = max(wait_ms or 0, DOWN_MS if failures >= FAILURES_MAX else 0)
    return Health(failures, max(health.shut_until_ms, now_ms + pause_ms))


def busy(health: Health, now_ms: int, wait_ms: int | None = None) -> Health:
    until_ms = now_ms + (BUSY_MS if wait_ms is None else wait_ms)
    return Health(health.failures, max(health.shut_until_ms, until_ms))
