"""I2: of every record that was accepted, all is on the tape, or it is in `rejects`.

A fact names the record that it was made from. What the core drops as a repeat covers nothing. Of
`metrics` most say nothing that belongs on the tape, so there only what cannot be read is followed.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from schemas.codec import Undecodable
from schemas.controls import ALL_CLUSTERS
from schemas.rejects import Reject
from schemas.tape import Origin, TapeRecord
from schemas.topics import ALERTS, CONTROLS, METRICS, OUTCOMES, REJECTS, TAPE, Topic
from streams.audit.checks.cursors import Cursors
from streams.audit.checks.offsets import Offsets
from streams.audit.ground import Ground, Horizon
from streams.audit.heard import Given, Heard
from streams.audit.verdict import Place, Verdict
from streams.ingest.formats.parsed import Parsed
from streams.steps.observe import clusters_of

INPUTS = {topic.noun: topic for topic in (ALERTS, METRICS, OUTCOMES, CONTROLS, TAPE)}
HOMELESS = "no_cluster"


@dataclass(slots=True)
class _Record:
    """One record of an input, and what is known to have come of it."""

    place: Place | None = None
    """None: the record itself has not been heard yet."""
    wanted: int = 0
    """Alerts, or facts."""
    faults: int = 0
    found: dict[tuple[int, str, int], int] = field(default_factory=dict)
    """By partition of the tape, cluster and index: how much of it a fact holds."""
    rejects: int = 0
    refused: bool = False
    """Some of it was readable and was refused all the same."""
    seen_at: Place | None = None
    """What names it."""

    @property
    def is_whole(self) -> bool:
        got = sum(self.found.values())
        enough = got == self.wanted or (self.refused and got < self.wanted)
        return self.place is not None and enough and self.rejects >= self.faults


@dataclass(slots=True)
class _Input:
    whole: Offsets = field(default_factory=Offsets)
    waiting: dict[int, _Record] = field(default_factory=lambda: defaultdict(_Record))
    first: int | None = None
    """The first that was heard; retention may take some while the audit runs."""


class Covered:
    def __init__(self, ground: Ground, horizon: Horizon, cursors: Cursors) -> None:
        self._ground, self._horizon, self._cursors = ground, horizon, cursors
        self._verdict = Verdict("I2")
        self._inputs: dict[tuple[str, int], _Input] = defaultdict(_Input)

    @property
    def topics(self) -> frozenset[Topic]:
        return frozenset({*INPUTS.values(), REJECTS})

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return (self._verdict,)

    def hear(self, heard: Heard) -> None:
        if isinstance(heard.value, Reject):
            self._hear_reject(heard, heard.value)
            return
        if heard.record.topic is REJECTS:
            return
        self._hear_input(heard)
        if isinstance(heard.value, TapeRecord) and heard.value.origin:
            self._hear_fact(heard, heard.value, heard.value.origin)

    def _hear_input(self, heard: Heard) -> None:
        record = heard.record
        self._verdict.checked += 1
        source = self._inputs[record.topic.noun, record.partition]
        source.first = record.offset if source.first is None else source.first
        waits = source.waiting[record.offset]
        waits.place = heard.place
        match heard.value:
            case Parsed():
                told = (clusters_of(record, seen, "") for seen in heard.value.sightings)
                waits.wanted, waits.faults = sum(map(len, told)), len(heard.value.faults)
            case Undecodable():
                waits.faults = 1
            case _ if record.topic in (OUTCOMES, CONTROLS):
                everywhere = heard.value.cluster == ALL_CLUSTERS
                waits.wanted = self._ground.partitions if everywhere else 1
            case _:
                waits.wanted = sum(waits.found.values())
        self._settle((record.topic.noun, record.partition), record.offset)

    def _hear_reject(self, heard: Heard, reject: Reject) -> None:
        if reject.topic not in INPUTS or not self._is_kept(
            reject.topic, reject.partition, reject.offset
        ):
            return
        place = (reject.topic, reject.partition)
        if reject.offset in self._inputs[place].whole:
            return
        waits = self._inputs[place].waiting[reject.offset]
        waits.rejects += 1
        waits.seen_at = waits.seen_at or heard.place
        if reject.reason == HOMELESS or reject.topic == CONTROLS.noun:
            waits.refused = True
        self._settle(place, reject.offset)

    def _hear_fact(self, heard: Heard, record: TapeRecord, origin: Origin) -> None:
        life = self._ground.incarnations.get(origin.topic, origin.incarnation)
        of_now = origin.topic in INPUTS and origin.incarnation == life
        if not of_now:
            return
        place = (origin.topic, origin.partition)
        for given in heard.given:
            if self._is_kept(*place, given.offset):
                self._take(heard, place, record.cluster, given)

    def _take(self, heard: Heard, place: tuple[str, int], cluster: str, given: Given) -> None:
        if given.offset in self._inputs[place].whole:
            if place[0] != METRICS.noun:
                why = f"holds more of {place[0]}/{place[1]}/{given.offset} than it had"
                self._verdict.against(heard.place, cluster, why)
            return
        waits = self._inputs[place].waiting[given.offset]
        waits.found[heard.record.partition, cluster, given.index] = given.count
        waits.seen_at = waits.seen_at or heard.place
        self._settle(place, given.offset)

    def _is_kept(self, noun: str, partition: int, offset: int) -> bool:
        return offset >= self._ground.of(INPUTS[noun], partition).begin

    def _settle(self, place: tuple[str, int], offset: int) -> None:
        source = self._inputs[place]
        if source.waiting[offset].is_whole:
            del source.waiting[offset]
            source.whole.add(offset)

    def finish(self, now_ms: int) -> None:
        gone = 0
        from_ms = self._horizon.from_ms(now_ms, TAPE, REJECTS)
        for (noun, partition), source in self._inputs.items():
            cursor = self._cursors.reached(INPUTS[noun], partition)
            for offset, record in sorted(source.waiting.items()):
                name = f"{noun}/{partition}/{offset}"
                if record.place is None and self._was_taken(noun, partition, offset):
                    gone += 1
                elif record.place is None:
                    why = f"is made from {name}, which does not exist"
                    self._verdict.against(record.seen_at, name, why)
                elif offset > cursor and not self._ground.settled:
                    self._verdict.pending += 1
                elif record.place.at_ms < from_ms:
                    gone += 1
                else:
                    self._verdict.against(record.place, "", _missing(record))
        if gone:
            self._verdict.unverified.append(
                f"{gone} records are older than what tape and rejects still hold"
            )

    def _was_taken(self, noun: str, partition: int, offset: int) -> bool:
        """It was there when the audit began, and was not when it was to be read."""
        first = self._inputs[noun, partition].first
        there = offset < self._ground.of(INPUTS[noun], partition).end
        return there and (first is None or offset < first)


def _missing(record: _Record) -> str:
    got = sum(record.found.values())
    if got != record.wanted:
        assert record.place is not None
        what = "alerts" if record.place.topic == ALERTS.noun else "facts"
        return f"{got} of the {record.wanted} {what} that it holds are on the tape"
    return f"{record.rejects} of {record.faults} of its faults are in rejects"
