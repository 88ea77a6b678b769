"""The last minutes of raw samples, in a Faust windowed table: what `detect` judges on.

A group of series is one key, each of its members keeps its readings by their time: reading a sample
again changes nothing. The table may be behind or lose a window without harm to any decision, since
a detection is decided on once it is a fact on the tape.
"""

import faust
import msgspec

WINDOW_S = 10
KEPT_S = 300
TABLE = "samples"

Readings = dict[str, dict[int, object]]
"""By member, by time (ms)."""
_decode = msgspec.json.Decoder(Readings).decode
_encode = msgspec.json.Encoder().encode


def changelog_topic(group: str) -> str:
    """Faust's name for the topic behind the table; it must exist, partitioned as the input."""
    return f"{group}-{TABLE}-changelog"


class SampleWindows:
    def __init__(self, app: faust.App, partitions: int) -> None:
        self._table = app.Table(
            TABLE,
            partitions=partitions,
            key_serializer="json",
            value_type=bytes,
            value_serializer="raw",
        ).tumbling(WINDOW_S, expires=KEPT_S)
        self._window = self._table.table.window

    def remember(self, key: str, member: str, at_ms: int, reading: object) -> None:
        """Only within the iteration of the agent's stream, which says the partition."""
        place = self._window.current(at_ms / 1000)
        readings = self._at(key, place)
        readings.setdefault(member, {})[at_ms] = reading
        self._table[key][place] = _encode(readings)

    def recent(self, key: str, until_ms: int, span_ms: int) -> dict[str, list[object]]:
        """Each member's readings after `until_ms - span_ms` and up to `until_ms`, oldest first."""
        first_ms = until_ms - span_ms
        found: dict[str, dict[int, object]] = {}
        for at_s in range(first_ms // 1000, until_ms // 1000 + WINDOW_S, WINDOW_S):
            for member, readings in self._at(key, self._window.current(float(at_s))).items():
                found.setdefault(member, {}).update(readings)
        return {
            member: [readings[at] for at in sorted(readings) if first_ms < at <= until_ms]
            for member, readings in found.items()
        }

    def _at(self, key: str, place: tuple[float, float]) -> Readings:
        try:
            return _decode(self._table[key][place])
        except KeyError:
            return {}
