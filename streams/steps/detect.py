"""`detect`: samples in; detections onto the tape where a rule begins or ceases to hold.

The window of raw samples is the host's (a Faust windowed table) and comes along with the record;
what is kept here is only which rules hold, so that a detection is told once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace as replace_standing

from schemas.alerts import AlertStatus
from schemas.codec import Undecodable, decode, encode
from schemas.metrics import Samples
from schemas.tape import Detection, Origin, Point, TapeRecord
from schemas.topics import TAPE
from streams.core.keys import key_part
from streams.detect.rule import RatioRule, Selector
from streams.detect.window import Ratio, ratio
from streams.detect.window import Reading as Counters
from streams.steps.effects import Effects, InputRecord, OpenStep, Output
from streams.steps.reject import rejected

SERIES_MAX = 60


WINDOWS = "windows"
"""The header in which the host hands over what its windows hold, as JSON."""
Windows = Mapping[str, Mapping[str, Sequence[Counters]]]
"""By the rule's group of targets, by target: the readings of the window."""
_windows_of = msgspec.json.Decoder(dict[str, dict[str, list[Counters]]]).decode


def _windows(record: InputRecord) -> Windows:
    # The host's is the last: whoever wrote the record may have put one of that name before it.
    header = next((value for name, value in reversed(record.headers) if name == WINDOWS), None)
    return _windows_of(header) if header else {}


class Standing(msgspec.Struct, frozen=True):
    """How a rule stands for one group of targets."""

    above_since_ms: int | None = None
    firing_since_ms: int | None = None
    points: tuple[tuple[int, float], ...] = ()
    told_since_ms: int = 0
    """When it last began to fire. Targets are read at slightly different times, so it may cease and
    begin again within one of them; the same beginning twice would be taken for a late copy."""


def readings_of(rules: Sequence[RatioRule], samples: Samples) -> Mapping[str, Counters]:
    """Per rule, the two counters in one scrape: what the host's window remembers of it."""
    found = {
        rule.name: (samples.at_ms, _sum(rule.part, samples), _sum(rule.whole, samples))
        for rule in rules
        if any(s.name == rule.whole.metric for s in samples.samples)
    }
    # NaN says "no value", and no counter is infinite; neither could be kept as JSON.
    return {name: r for name, r in found.items() if isfinite(r[1]) and isfinite(r[2])}


def _sum(selector: Selector, samples: Samples) -> float:
    return sum(
        s.value for s in samples.samples if s.name == selector.metric and selector.matches(s.labels)
    )


def group_key(rule: RatioRule, samples: Samples) -> str:
    return rule.name + "/" + ",".join(f"{n}={key_part(samples.labels.get(n, ''))}" for n in rule.by)


class DetectStep:
    def __init__(
        self,
        rules: Sequence[RatioRule],
        incarnation: str,
        cluster: str,
        entries: Mapping[bytes, bytes],
    ) -> None:
        self._rules, self._incarnation, self._cluster = rules, incarnation, cluster
        self._standing = {k: msgspec.json.decode(v, type=Standing) for k, v in entries.items()}
        self.now_ms = 0
        self.next_due_ms: int | None = None

    def apply(self, record: InputRecord) -> Effects:
        samples = decode(record.value, Samples)
        if isinstance(samples, Undecodable):
            return rejected(record, samples.fault, samples.detail)
        windows = _windows(record)
        changes: dict[bytes, bytes | None] = {}
        found: list[Detection] = []
        for rule in self._rules:
            key = group_key(rule, samples)
            if key in windows:
                found += self._judge(rule, key.encode(), samples, windows[key], changes)
        return Effects(changes, tuple(self._outputs(record, samples, found)))

    def _judge(
        self,
        rule: RatioRule,
        key: bytes,
        samples: Samples,
        window: Mapping[str, Sequence[Counters]],
        changes: dict[bytes, bytes | None],
    ) -> Iterator[Detection]:
        seen = ratio(window, samples.at_ms - rule.window_ms)
        before = self._standing.get(key, Standing())
        after = _stand(rule, before, seen, samples.at_ms)
        if (after.above_since_ms, after.firing_since_ms) != (
            before.above_since_ms,
            before.firing_since_ms,
        ):
            changes[key] = msgspec.json.encode(after)
        self._standing[key] = after
        if (before.firing_since_ms is None) != (after.firing_since_ms is None):
            yield _detection(rule, samples, before, after, seen)

    def _outputs(
        self, record: InputRecord, samples: Samples, found: Sequence[Detection]
    ) -> Iterator[Output]:
        cluster = samples.labels.get("cluster") or self._cluster
        for index, detection in enumerate(found):
            origin = Origin(
                record.topic.noun, self._incarnation, record.partition, record.offset, index
            )
            yield Output(TAPE, cluster.encode(), encode(TapeRecord(cluster, detection, origin)))


def _stand(rule: RatioRule, before: Standing, seen: Ratio, at_ms: int) -> Standing:
    """A window with too little in it is inconclusive: the rule stands as it stood."""
    if not isfinite(seen.value):
        return before
    points = (*before.points, (at_ms, round(seen.value, 4)))[-SERIES_MAX:]
    if seen.whole < rule.least:
        return replace_standing(before, points=points)
    if seen.value <= rule.above:
        return replace_standing(before, above_since_ms=None, firing_since_ms=None, points=points)
    # A target's clock may go back; what is above since a time to come would never fire.
    since = at_ms if before.above_since_ms is None else min(before.above_since_ms, at_ms)
    firing = before.firing_since_ms
    if firing is not None or at_ms - since < rule.for_ms:
        return replace_standing(before, above_since_ms=since, points=points)
    begins_ms = max(at_ms, before.told_since_ms + 1)
    return Standing(since, begins_ms, points, told_since_ms=begins_ms)


def _detection(
    rule: RatioRule, samples: Samples, before: Standing, after: Standing, seen: Ratio
) -> Detection:
    fires = after.firing_since_ms is not None
    since = after.firing_since_ms if fires else before.firing_since_ms
    assert since is not None
    grouped = {name: samples.labels.get(name, "") for name in rule.by}
    return Detection(
        rule=rule.name,
        status=AlertStatus.FIRING if fires else AlertStatus.RESOLVED,
        labels={**grouped, **rule.labels, "alertname": rule.name},
        annotations=rule.annotations,
        since_ms=since,
        value=seen.value,
        threshold=rule.above,
        window_ms=rule.window_ms,
        series=tuple(Point(at, value) for at, value in after.points),
    )


class SampleWindows(Protocol):
    """The host's windows of raw samples: by group, by member of the group."""

    def remember(self, key: str, member: str, at_ms: int, reading: object) -> None: ...

    def recent(self, key: str, until_ms: int, span_ms: int) -> dict[str, list[Any]]: ...


def windowed(
    rules: Sequence[RatioRule],
) -> Callable[[InputRecord, SampleWindows], InputRecord]:
    """Remembers a scrape in the windows of its groups, and hands over what they then hold."""

    def enrich(record: InputRecord, windows: SampleWindows) -> InputRecord:
        samples = decode(record.value, Samples)
        if isinstance(samples, Undecodable):
            return record
        member = samples.labels.get("pod") or samples.labels.get("instance", "")
        found: dict[str, dict[str, list[Any]]] = {}
        for rule in rules:
            if (reading := readings_of([rule], samples).get(rule.name)) is not None:
                key = group_key(rule, samples)
                windows.remember(key, member, samples.at_ms, reading)
                found[key] = windows.recent(key, samples.at_ms, rule.window_ms)
        header = (WINDOWS, msgspec.json.encode(found))
        return replace(record, headers=(*record.headers, header))

    return enrich


def open_detect(rules: Sequence[RatioRule], incarnation: str, cluster: str) -> OpenStep:
    return lambda _partition, entries: DetectStep(rules, incarnation, cluster, entries)
