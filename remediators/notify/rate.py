"""How many messages a channel is sent: so many in any minute, counted over a sliding window."""

from dataclasses import dataclass

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Window:
    """The times of the last messages, oldest first; never more of them than the limit."""

    per_minute: int
    sent_at_ms: tuple[int, ...] = ()

    def opens_at_ms(self, now_ms: int) -> int:
        """When the next message may go; not after `now_ms` where it may go at once."""
        if len(self.sent_at_ms) < self.per_minute:
            return now_ms
        return self.sent_at_ms[0] + MINUTE_MS

    def sent(self, now_ms: int) -> "Window":
        return Window(self.per_minute, (*self.sent_at_ms, now_ms)[-self.per_minute :])
