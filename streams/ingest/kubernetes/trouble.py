"""What is wrong with one object, as its status says: an alert while it holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from schemas.ids import fingerprint
from streams.ingest.formats.alert_json import unix_ms

TEXT_CHARS_MAX = 500
"""Of what the API says in words: a message may be a stack trace."""
WARNING, CRITICAL = "warning", "critical"


@dataclass(frozen=True)
class Trouble:
    labels: Mapping[str, str]
    """All that says which alert this is, so nothing in it changes while it holds."""
    summary: str
    description: str = ""
    since_ms: int | None = None
    """By the cluster's clock; None where the status has no time of it."""
    from_ms: int | None = None
    """It is none before that moment: it often passes by itself."""
    until_ms: int | None = None
    """It has an end of its own then."""
    lingers: bool = False
    """Not enough to begin with, but no end either of what fires already."""

    @cached_property
    def key(self) -> str:
        return fingerprint(self.labels)

    def holds(self, now_ms: int) -> bool:
        begun = self.from_ms is None or self.from_ms <= now_ms
        return begun and (self.until_ms is None or now_ms < self.until_ms)

    def is_over(self, now_ms: int) -> bool:
        """For good, as long as the object stays as it is."""
        return self.until_ms is not None and self.until_ms <= now_ms


def shortened(text: str) -> str:
    """Without the characters that no alert may hold."""
    clean = text.replace("\x00", " ").replace("\x01", " ").strip()
    return clean if len(clean) <= TEXT_CHARS_MAX else clean[: TEXT_CHARS_MAX - 1] + "…"


def at_ms(moment: datetime | None) -> int | None:
    if moment is None or moment.tzinfo is None:
        return None
    return unix_ms(moment)
