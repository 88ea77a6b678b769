"""I8: no incident waits beyond its time. Each ends resolved, muted, closed or with a human, because
every phase has a deadline; here is looked whether somebody has kept it.

A deadline is missed where the core has been given a later fact of that partition and has not worked
it off. While it has not been given one, it is only behind.
"""

from collections import OrderedDict
from dataclasses import dataclass

from schemas.incidents import Incident
from schemas.topics import INCIDENTS, TAPE, Topic
from streams.audit.checks.cursors import Cursors
from streams.audit.heard import Heard
from streams.audit.verdict import Place, Verdict

GRACE_MS = 60_000
CLOSED = "closed"
AT_REST = frozenset({"resolved", "suppressed", "escalated", "awaiting_approval"})
CLOSED_KNOWN_MAX = 100_000
"""Of so many it is known that they are closed, should an older record of one come late."""


@dataclass(frozen=True, slots=True)
class _Standing:
    place: Place
    tape_partition: int
    tape_offset: int
    state: str
    due_at_ms: int | None


class Incidents:
    def __init__(self, cursors: Cursors) -> None:
        self._cursors = cursors
        self._verdict = Verdict("I8")
        self._open: dict[str, _Standing] = {}
        self._closed: OrderedDict[str, int] = OrderedDict()
        self._decided_to_ms: dict[int, int] = {}

    @property
    def topics(self) -> frozenset[Topic]:
        return frozenset({INCIDENTS, TAPE})

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return (self._verdict,)

    def hear(self, heard: Heard) -> None:
        record = heard.record
        if record.topic is TAPE and record.offset <= self._cursors.reached(TAPE, record.partition):
            before = self._decided_to_ms.get(record.partition, 0)
            self._decided_to_ms[record.partition] = max(before, record.at_ms)
        elif isinstance(heard.value, Incident):
            self._stand(heard.place, heard.value)

    def _stand(self, place: Place, told: Incident) -> None:
        known = self._open.get(told.incident_id)
        last = known.tape_offset if known else self._closed.get(told.incident_id, -1)
        if told.tape_offset < last:
            return
        if known is None and told.incident_id not in self._closed:
            self._verdict.checked += 1
        if told.state == CLOSED:
            self._open.pop(told.incident_id, None)
            self._closed[told.incident_id] = told.tape_offset
            if len(self._closed) > CLOSED_KNOWN_MAX:
                self._closed.popitem(last=False)
        elif told.incident_id not in self._closed:
            self._open[told.incident_id] = _Standing(
                place, told.tape_partition, told.tape_offset, told.state, told.due_at_ms
            )

    def finish(self, now_ms: int) -> None:
        for incident_id, standing in self._open.items():
            decided_ms = self._decided_to_ms.get(standing.tape_partition, 0)
            due_ms = standing.due_at_ms
            if due_ms is not None and due_ms + GRACE_MS < decided_ms:
                late_s = (decided_ms - due_ms) // 1000
                why = (
                    f"is {standing.state}, and was to be looked at {late_s} s before the last fact"
                )
                self._verdict.against(standing.place, incident_id, why)
            elif standing.state not in AT_REST:
                self._verdict.pending += 1
