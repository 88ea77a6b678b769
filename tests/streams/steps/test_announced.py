"""A worker killed between any two of its writes: what it told is ended, the rest is told."""

from collections.abc import Sequence
from enum import Enum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import decode, encode
from schemas.metrics import Sample, Samples
from schemas.tape import Detection, TapeRecord
from schemas.topics import METRICS
from streams.detect.rules_file import compile_rules
from streams.host.entries import Entry
from streams.host.group import Applied, Group
from streams.steps.detect import DetectStep, windowed
from streams.steps.effects import InputRecord
from tests.streams.steps.journal import START_MS, Table
from tests.streams.steps.test_detectors_kept import RATIO

RULES = compile_rules(
    """\
version: 1
detections:
  - {kind: threshold, name: Deep, of: {metric: depth}, by: [queue], above: 100, for: 1m}
  - {kind: change, name: Grows, of: {metric: depth}, by: [queue], above: 0.5, window: 5m, for: 0s}
  - {kind: absence, name: Gone, of: {metric: depth}, by: [queue], for: 4m}
"""
    + RATIO,
    "d.yaml",
    lambda _name: "",
)
LAST = 40
"""Scrapes at the end, without a kill, in which every window is filled."""
LASTING = {5: set[str](), 900: {"Deep"}}
"""What fires in the end, by what lasts."""


class Killed(Enum):
    """Before which write."""

    ANNOUNCES = 0
    TELLS = 1
    STORES = 2


class Worker:
    """The host's order of writes over one partition, and what the tape says in the end."""

    def __init__(self, records: Sequence[InputRecord]) -> None:
        self.records = records
        self.entries: dict[bytes, Entry] = {}
        self.announced: dict[bytes, bytes] = {}
        self.cursor = -1
        self.table = Table()
        self.firing: set[tuple[str, str]] = set()
        self.told: list[tuple[str, str]] = []
        self.open()

    def open(self) -> None:
        live = {key: e.value for key, e in self.entries.items() if e.value is not None}
        self.step = DetectStep(RULES, "born", "home", {**live, **self.announced})

    def runs(self, size: int, killed: Killed | None = None) -> None:
        if self._writes(size, killed):
            self.open()

    def _writes(self, size: int, killed: Killed | None) -> bool:
        """True if it was killed."""
        group = Group()
        enrich = windowed(RULES)
        for record in self.records[self.cursor + 1 : self.cursor + 1 + size]:
            effects = self.step.apply(enrich(record, self.table))
            group.add(Applied.of(record, effects, self.step.now_ms))
        if killed is Killed.ANNOUNCES:
            return True
        if self.cursor >= 0:
            self.announced |= group.announced()
        if killed is Killed.TELLS:
            return True
        for records in group.outputs(1).values():
            for told in records:
                self._reads(told.value)
        if killed is Killed.STORES:
            return True
        self.entries |= group.changes()
        self.cursor = group.cursor
        self.announced.clear()
        return False

    def _reads(self, value: bytes | None) -> None:
        fact = decode(value, TapeRecord)
        assert isinstance(fact, TapeRecord)
        assert isinstance(fact.fact, Detection)
        alert = fact.fact.rule, str(sorted(fact.fact.labels.items()))
        self.told.append((fact.fact.rule, str(fact.fact.status)))
        if fact.fact.status == "firing":
            self.firing.add(alert)
        else:
            self.firing.discard(alert)


def scrapes(depths: Sequence[int | None], errors: Sequence[int]) -> list[InputRecord]:
    """Twice a minute. A queue may be silent; another never is, so that this is noticed."""
    found, counted = [], 0
    for number, depth in enumerate(depths):
        counted += errors[number]
        labels = {"service": "shop"}
        at_ms = START_MS + number * 30_000
        samples = [
            Sample("depth", {"queue": "other"}, 1.0),
            Sample("requests_total", {**labels, "code": "200"}, 100.0 * number),
            Sample("requests_total", {**labels, "code": "500"}, float(counted)),
        ]
        samples += [Sample("depth", {"queue": "mail"}, float(depth))] if depth is not None else []
        value = encode(Samples({"pod": "a", "cluster": "eu"}, at_ms, tuple(samples)))
        found.append(InputRecord(METRICS, 0, number, at_ms, None, value))
    return found


@st.composite
def days(draw: st.DrawFn) -> tuple[list[int | None], list[int]]:
    """Levels that last for some minutes each, and at the end one that lasts."""
    depths: list[int | None] = [5]
    errors = [0]
    for _ in range(draw(st.integers(2, 6))):
        scrapes = draw(st.integers(1, 14))
        depths += [draw(st.sampled_from([None, 5, 5, 150, 400, 900]))] * scrapes
        errors += [draw(st.sampled_from([0, 0, 30]))] * scrapes
    return [*depths, *[draw(st.sampled_from([*LASTING]))] * LAST], [*errors, *[0] * LAST]


def killed_at(worker: Worker, groups: Sequence[tuple[int, Killed | None]]) -> None:
    for size, killed in groups:
        if worker.cursor + size < len(worker.records) - LAST:
            worker.runs(size, killed)
    while worker.cursor < len(worker.records) - 1:
        worker.runs(1)


GROUPS = st.lists(st.tuples(st.integers(1, 5), st.sampled_from([None, None, *Killed])), max_size=40)


@settings(max_examples=100, deadline=None)
@given(days(), GROUPS)
def test_wherever_it_is_killed_what_lasts_is_told_and_all_else_is_ended(
    day: tuple[list[int | None], list[int]], groups: list[tuple[int, Killed | None]]
) -> None:
    worker = Worker(scrapes(*day))
    killed_at(worker, groups)
    assert {rule for rule, _ in worker.firing} == LASTING[day[0][-1]]


@pytest.mark.parametrize("killed", [None, Killed.TELLS, Killed.STORES])
def test_no_later_window_would_know_of_a_fault_that_is_over(killed: Killed | None) -> None:
    levels = [5] * 20 + [400, 5, 5] + [5] * LAST
    worker = Worker(scrapes(levels, [0] * len(levels)))
    for _ in range(20):
        worker.runs(1)
    worker.runs(1, killed)
    first = worker.told.copy()
    assert first == [("Grows", "firing")] * (killed is not Killed.TELLS)
    killed_at(worker, ())
    again = [("Grows", "firing")] * (killed is not None)
    assert worker.told == [*first, *again, ("Grows", "resolved")]
    assert worker.firing == set()
