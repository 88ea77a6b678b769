"""When to try again: a pure schedule, so that a test can write it down."""

from dataclasses import dataclass

from schemas.ids import digest

DOUBLINGS_MAX = 20


@dataclass(frozen=True, slots=True)
class Backoff:
    first_ms: int
    most_ms: int

    def pause_ms(self, key: str, attempt: int) -> int:
        """Before the attempt after this one. It doubles up to the most, and of that between half
        and all, by the key: notices that failed together do not come again together."""
        whole_ms = min(self.most_ms, self.first_ms << min(attempt, DOUBLINGS_MAX))
        fraction = int(digest("backoff", key, attempt)[:8], 16) / 0xFFFF_FFFF
        return round(whole_ms * (1 + fraction) / 2)
