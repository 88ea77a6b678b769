"""What is left of the error budgets, for whoever asks: only where that can be told.

A budget is of thirty days. Of one that was not watched for nearly all of them, or is not being
watched now, nothing is said: neither nothing nor all of it would be true.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable
from urllib.parse import unquote

from streams.core.keys import key_part
from streams.detect.burn import Slo, remaining
from streams.detect.rollup import GAP_MS, Rollup


class Left(NamedTuple):
    slo: str
    group: Mapping[str, str]
    """Whose budget it is."""
    ratio: float
    """1: all of it. Below 0: overspent."""


@runtime_checkable
class BudgetedStep(Protocol):
    """A step that keeps error budgets."""

    def budgets_left(self, now_ms: int) -> Iterator[Left]: ...


def left(
    slos: Sequence[Slo], seen: Mapping[tuple[str, ...], Rollup], now_ms: int
) -> Iterator[Left]:
    """`seen`: by the SLO's name and the group, as they stand in keys."""
    by_name = {key_part(slo.name): slo for slo in slos}
    for place, rollup in seen.items():
        slo = by_name[place[0]]
        ratio, filled = remaining(slo, rollup, now_ms)
        if filled and now_ms - rollup.watched_until_ms <= GAP_MS:
            # A group that `by` does not tell by its cluster has it all the same, as its last.
            yield Left(
                slo.name, dict(zip((*slo.by, "cluster"), _values(place), strict=False)), ratio
            )


def _values(place: tuple[str, ...]) -> Iterator[str]:
    return map(unquote, place[1:])
