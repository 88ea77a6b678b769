"""The last minutes of raw samples, in a Faust windowed table: what `detect` judges on.

A group of series is one key; each of its members keeps its readings with their times, so that
reading a sample again changes nothing. The table may lag or lose a window without harm to any
decision: a detection is decided on only once it is a fact on the tape.
"""

import faust
from faust import TumblingWindow

WINDOW_S = 10
KEPT_S = 300
TABLE = "samples"

Timed = list[tuple[int, object]]
"""Readings with their times (ms), oldest first; JSON keeps them as they are but for tuples."""


def changelog_topic(group: str) -> str:
    """Faust's name for the topic behind the table; it must exist, partitioned as the input."""
    return f"{group}-{TABLE}-changelog"


class SampleWindows:
    def __init__(self, app: faust.App, partitions: int) -> None:
        self._window = TumblingWindow(WINDOW_S, expires=KEPT_S)
        self._table = app.Table(TABLE, partitions=partitions).using_window(self._window)

    def remember(self, key: str, member: str, at_ms: int, reading: object) -> None:
        """Only while the agent handles an event: Faust takes the partition from that."""
        place = self._window.current(at_ms / 1000)
        readings = self._at(key, place)
        others = [r for r in readings.get(member, []) if r[0] != at_ms]
        timed = sorted([*others, (at_ms, reading)], key=lambda r: r[0])
        self._table[key][place] = {**readings, member: timed}

    def recent(self, key: str, until_ms: int, span_ms: int) -> dict[str, list[object]]:
        """Each member's readings after `until_ms - span_ms` and up to `until_ms`, oldest first."""
        first_ms = until_ms - span_ms
        found: dict[str, list[object]] = {}
        for at_s in range(first_ms // 1000, until_ms // 1000 + WINDOW_S, WINDOW_S):
            for member, timed in self._at(key, self._window.current(float(at_s))).items():
                readings = [reading for at_ms, reading in timed if first_ms < at_ms <= until_ms]
                found.setdefault(member, []).extend(readings)
        return found

    def _at(self, key: str, place: tuple[float, float]) -> dict[str, Timed]:
        try:
            return self._table[key][place]
        except KeyError:
            return {}
