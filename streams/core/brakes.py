"""What stops all action while it lasts."""

from dataclasses import dataclass

from streams.core.intervals import Interval
from streams.core.matching import Matchers


@dataclass(frozen=True, slots=True)
class Brake:
    """While such an alert fires, nothing is done about incidents with equal values of `equal`."""

    name: str
    matches: Matchers
    equal: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    """None of these is done; empty: nothing is."""


@dataclass(frozen=True, slots=True)
class Watchdog:
    """An alert that always fires. Not seen firing for `missing_after_ms`: we are blind."""

    name: str
    matches: Matchers
    missing_after_ms: int


@dataclass(frozen=True, slots=True)
class Freeze:
    """Times in which nothing is done about incidents that match."""

    name: str
    during: tuple[Interval, ...]
    matches: Matchers
