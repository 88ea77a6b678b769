"""How many series a limit keeps from being watched, so that nobody takes silence for health."""

from collections.abc import Hashable

NOTED_MAX = 100_000
"""More than that are told as so many."""


class LeftOut:
    """Within this hour and the one before it."""

    def __init__(self) -> None:
        self._now: dict[int, int] = {}
        self._before: dict[int, int] = {}

    def note(self, place: Hashable, series: int = 1) -> None:
        if series and len(self._now) < NOTED_MAX:
            self._now[hash(place)] = series

    def turn(self) -> None:
        """An hour is over."""
        self._before, self._now = self._now, {}

    @property
    def count(self) -> int:
        return sum((self._before | self._now).values())
