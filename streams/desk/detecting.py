"""The worker's own detect step over samples that somebody hands in, its windows in memory."""

from collections.abc import Iterator, Sequence
from typing import Any

from schemas.codec import decode
from schemas.tape import Detection, TapeRecord
from schemas.topics import TAPE
from streams.detect.burn import Slo
from streams.detect.rule import RatioRule
from streams.detect.rules_file import Rule
from streams.detect.watch import Absence
from streams.steps.detect import DetectStep, windowed
from streams.steps.effects import InputRecord

KEPT_MS = 300_000
"""How long raw samples are kept: as the worker's windows, which a test compares."""
NOBODYS = "rehearsed"
"""The incarnation of a topic that is none."""


class Detecting:
    """One partition of samples. `cluster`: of samples that name none."""

    def __init__(self, rules: Sequence[Rule], cluster: str) -> None:
        self._step = DetectStep(rules, NOBODYS, cluster, {})
        self._enrich = windowed(rules)
        self._windows = Windows()

    def hears(self, record: InputRecord) -> Iterator[tuple[TapeRecord, Detection]]:
        """What it would put on the tape."""
        for output in self._step.apply(self._enrich(record, self._windows)).outputs:
            if output.topic is TAPE:
                fact = decode(output.value, TapeRecord)
                assert isinstance(fact, TapeRecord)
                assert isinstance(fact.fact, Detection)
                yield fact, fact.fact


class Windows:
    """The last minutes of raw samples, as the host's windows keep them."""

    def __init__(self) -> None:
        self._groups: dict[str, dict[str, dict[int, object]]] = {}
        self._forget_at_ms = 0

    def remember(self, key: str, member: str, at_ms: int, reading: object) -> None:
        self._groups.setdefault(key, {}).setdefault(member, {})[at_ms] = reading
        if at_ms >= self._forget_at_ms:
            self._forget(at_ms - KEPT_MS)
            self._forget_at_ms = at_ms + KEPT_MS // 10

    def recent(self, key: str, until_ms: int, span_ms: int) -> dict[str, list[Any]]:
        first_ms = max(until_ms - span_ms, until_ms - KEPT_MS)
        found = {}
        for member, readings in self._groups.get(key, {}).items():
            inside = sorted(at_ms for at_ms in readings if first_ms < at_ms <= until_ms)
            if inside:
                found[member] = [readings[at_ms] for at_ms in inside]
        return found

    def _forget(self, before_ms: int) -> None:
        for key, members in list(self._groups.items()):
            for member, readings in list(members.items()):
                for at_ms in [at_ms for at_ms in readings if at_ms < before_ms]:
                    del readings[at_ms]
                if not readings:
                    del members[member]
            if not members:
                del self._groups[key]


def metrics_of(rules: Sequence[Rule]) -> set[str]:
    """Those that the rules read."""
    return {name for rule in rules for name in _metrics(rule)}


def _metrics(rule: Rule) -> Iterator[str]:
    match rule:
        case RatioRule():
            yield from (rule.part.metric, rule.whole.metric)
        case Slo():
            yield from (rule.bad.metric, rule.total.metric)
        case Absence():
            yield rule.of.metric
        case _:
            yield rule.of.metric
            if rule.freeze is not None:
                yield rule.freeze.of.metric


def said_of(detection: Detection) -> str:
    """In a line, for people."""
    labels = {k: v for k, v in detection.labels.items() if k != "alertname"}
    shown = " ".join(f"{name}={value}" for name, value in sorted(labels.items()))
    return f"{detection.rule} {detection.status.value} {shown}: {why(detection)}"


def why(detection: Detection) -> str:
    told = detection.annotations.get("explanation")
    return told or f"{detection.value:.6g}, to be told when above {detection.threshold:g}"
