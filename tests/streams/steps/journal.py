"""The detect step over a timeline: samples in, facts out, and what it would store kept."""

from collections.abc import Sequence
from typing import Any

import msgspec

from schemas.codec import decode, encode
from schemas.metrics import Sample, Samples
from schemas.tape import Detection, TapeRecord
from schemas.topics import METRICS
from streams.detect.rules_file import Rule, compile_rules
from streams.steps.detect import DetectStep, windowed
from streams.steps.effects import InputRecord
from tests.streams.detect.texts import RULES, SLO

RULE = compile_rules(RULES, "d.yaml", lambda _name: SLO)
START_MS = 1_700_006_400_000
"""A full hour."""
MINUTE_MS = 60_000


class Table:
    """Keeps what the host's windowed table keeps, as JSON, and for ever."""

    def __init__(self) -> None:
        self._timed: dict[str, dict[str, dict[int, bytes]]] = {}

    def remember(self, key: str, member: str, at_ms: int, reading: object) -> None:
        timed = self._timed.setdefault(key, {}).setdefault(member, {})
        timed[at_ms] = msgspec.json.encode(reading)

    def recent(self, key: str, until_ms: int, span_ms: int) -> dict[str, list[Any]]:
        found = {
            member: [
                msgspec.json.decode(reading)
                for at_ms, reading in sorted(timed.items())
                if until_ms - span_ms < at_ms <= until_ms
            ]
            for member, timed in self._timed.get(key, {}).items()
        }
        return {member: readings for member, readings in found.items() if readings}


class Journal:
    """`restart` begins from what is stored, with other rules if so wished."""

    def __init__(self, rules: Sequence[Rule] = RULE) -> None:
        self.entries: dict[bytes, bytes] = {}
        self.offset = 0
        self.table = Table()
        self.restart(rules)

    def restart(self, rules: Sequence[Rule] | None = None) -> None:
        self.rules = self.rules if rules is None else rules
        self.step = DetectStep(self.rules, "born", "home", self.entries)
        self._enrich = windowed(self.rules)

    def hears(
        self, at_ms: int, *samples: Sample, late_ms: int = 0, **target: str
    ) -> list[TapeRecord]:
        """`at_ms` after the start; the broker has them `late_ms` later."""
        at_ms += START_MS
        value = encode(Samples(target, at_ms, samples))
        self.offset += 1
        record = InputRecord(METRICS, 0, self.offset, at_ms + late_ms, None, value)
        effects = self.step.apply(self._enrich(record, self.table))
        for key, changed in effects.changes.items():
            if changed is None:
                self.entries.pop(key, None)
            else:
                self.entries[key] = changed
        facts = [decode(output.value, TapeRecord) for output in effects.outputs]
        assert all(isinstance(fact, TapeRecord) for fact in facts)
        return facts  # type: ignore[return-value]


def told(facts: list[TapeRecord]) -> list[tuple[str, str]]:
    return [
        (fact.fact.rule, str(fact.fact.status))
        for fact in facts
        if isinstance(fact.fact, Detection)
    ]


def depth(value: float, queue: str = "mail", **labels: str) -> Sample:
    return Sample("queue_depth", {"queue": queue, **labels}, value)
