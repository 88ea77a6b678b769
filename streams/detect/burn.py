"""SLO burn rate: how many times faster than allowed the error budget is being spent.

An alert needs a long window, which says that it matters, and a short one, which says that it goes
on. The windows and factors are those of Google's SRE workbook, for a budget of thirty days.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from streams.detect.rollup import HOUR_MS, MINUTE_MS, Rollup, Span, span
from streams.detect.rule import Selector
from streams.detect.verdict import SERIES_MAX, Points, Verdict, short
from streams.reading.nodes import spoken

BUDGET_MS = 30 * 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Burn:
    """Fires while the budget burns at more than `factor` times the pace, in both windows."""

    long_ms: int
    short_ms: int
    factor: float
    severity: str

    @property
    def name(self) -> str:
        hours = self.long_ms // HOUR_MS
        return f"{hours // 24}d" if hours % 24 == 0 else f"{hours}h"


BURNS = (
    Burn(HOUR_MS, 5 * MINUTE_MS, 14.4, "page"),
    Burn(6 * HOUR_MS, 30 * MINUTE_MS, 6.0, "page"),
    Burn(72 * HOUR_MS, 6 * HOUR_MS, 1.0, "ticket"),
)


@dataclass(frozen=True, slots=True)
class Slo:
    name: str
    service: str
    bad: Selector
    total: Selector
    target: float
    """The share of events that must be good."""
    by: tuple[str, ...]
    """Whose budget it is: each group of these labels has one."""
    labels: Mapping[str, str]

    def alert(self, burn: Burn) -> str:
        return f"{self.name}-burn-{burn.name}"

    def threshold(self, burn: Burn) -> float:
        """The share of bad events at which the burn begins."""
        return float(f"{burn.factor * (1 - self.target):.12g}")


def holds(slo: Slo, burn: Burn, seen: Rollup, at_ms: int) -> bool | None:
    most = slo.threshold(burn)
    brief = _above(span(seen, burn.short_ms, at_ms), most)
    return brief if brief is False else _both(brief, _above(span(seen, burn.long_ms, at_ms), most))


def judge(slo: Slo, burn: Burn, seen: Rollup, at_ms: int) -> Verdict:
    """The same, with its evidence; which takes longer."""
    long, brief = span(seen, burn.long_ms, at_ms), span(seen, burn.short_ms, at_ms)
    most = slo.threshold(burn)
    pace = long.ratio / (1 - slo.target)
    words = (
        f"{long.ratio:.3%} of {slo.service}'s events failed within {spoken(burn.long_ms)} and "
        f"{brief.ratio:.3%} within {spoken(burn.short_ms)}; {most:.3%} spends the budget "
        f"{burn.factor:g} times as fast as allowed, this does {pace:.1f} times as fast"
    )
    words += f"; {remaining_words(slo, seen, at_ms)}{_unfilled(burn, long, brief)}"
    found = holds(slo, burn, seen, at_ms)
    return Verdict(found, long.ratio, most, burn.long_ms, words, series(seen, burn, at_ms))


def remaining(slo: Slo, seen: Rollup, at_ms: int) -> tuple[float, bool]:
    """The share of the error budget that is left, below 0 when overspent; and whether the thirty
    days were watched."""
    whole = span(seen, BUDGET_MS, at_ms)
    return 1 - whole.ratio / (1 - slo.target), whole.filled


def remaining_words(slo: Slo, seen: Rollup, at_ms: int) -> str:
    left, filled = remaining(slo, seen, at_ms)
    return f"{left:.0%} of the error budget is left" + ("" if filled else ", as far as was watched")


def series(seen: Rollup, burn: Burn, at_ms: int) -> Points:
    """The share of bad events over the long window, in at most SERIES_MAX steps."""
    hourly = burn.long_ms > 6 * HOUR_MS
    buckets, each_ms = (seen.hours, HOUR_MS) if hourly else (seen.minutes, MINUTE_MS)
    first = (at_ms - burn.long_ms) // each_ms
    inside = [b for b in buckets if b.number >= first]
    step = -(-len(inside) // SERIES_MAX) or 1
    found = []
    for start in range(0, len(inside), step):
        some = inside[start : start + step]
        total = sum(b.total for b in some)
        ratio = sum(b.bad for b in some) / total if total else 0.0
        found.append(((some[-1].number + 1) * each_ms, short(ratio)))
    return tuple(found)


def _above(seen: Span, most: float) -> bool | None:
    """A window that is not filled is above if it would be whatever is missing was free of errors;
    it is never taken to be below."""
    if seen.filled:
        return seen.ratio > most
    return True if seen.ratio_least > most else None


def _both(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _unfilled(burn: Burn, long: Span, brief: Span) -> str:
    windows = [(burn.long_ms, long), (burn.short_ms, brief)]
    missing = [spoken(window_ms) for window_ms, seen in windows if not seen.filled]
    return f"; not watched long enough: {', '.join(missing)}" if missing else ""
