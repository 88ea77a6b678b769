"""Ratio rules in the detect step: windows of rises to detections.

The windows are the host's and come along with the record (`windowed`); kept here is only how each
rule stands, so that it is told once.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

import msgspec
from msgspec.structs import replace as replace_standing

from schemas.alerts import AlertStatus
from schemas.metrics import Samples
from schemas.tape import Detection, Point
from streams.detect.rule import RatioRule
from streams.detect.window import Ratio, ratio
from streams.steps.kept import (
    FORGOTTEN_MS,
    GROUPS_MAX,
    UNHEARD_MS,
    Changes,
    Found,
    gone,
    is_kept,
)
from streams.steps.left_out import LeftOut
from streams.steps.windowed import Window, group_key, names_of

POINTS_MAX = 60


class Standing(msgspec.Struct, frozen=True):
    """How a rule stands for one group of targets."""

    above_since_ms: int | None = None
    firing_since_ms: int | None = None
    points: tuple[tuple[int, float], ...] = ()
    told_since_ms: int = 0
    """When it last began to fire. Targets are read at slightly different times, so it may cease and
    begin again within one of them; the same beginning twice would be taken for a late copy."""


def _is_of(rule: RatioRule, key: str) -> bool:
    name, _, group = key.rpartition("/")
    return name == rule.name and [p.partition("=")[0] for p in group.split(",")] == [
        *names_of(rule)
    ]


class Ratios:
    def __init__(self, rules: Sequence[RatioRule], entries: Mapping[bytes, bytes]) -> None:
        self._rules = rules
        self._standing = {
            key: msgspec.json.decode(value, type=Standing)
            for key, value in entries.items()
            if not is_kept(key) and any(_is_of(rule, key.decode()) for rule in rules)
        }
        self.claimed = set(self._standing)
        self.left_out = LeftOut()
        self._heard_ms: dict[bytes, int] = {}
        self._judged_ms: dict[bytes, dict[str, int]] = {}
        """By group and target: a scrape that comes again would stand as it stood then."""

    def judge(
        self, samples: Samples, windows: Mapping[str, Window], now_ms: int, changes: Changes
    ) -> Iterator[Found]:
        for rule in self._rules:
            key = group_key(rule, samples)
            if key in windows:
                yield from self._judge(rule, key.encode(), samples, windows[key], now_ms, changes)

    def _judge(
        self,
        rule: RatioRule,
        key: bytes,
        samples: Samples,
        window: Window,
        now_ms: int,
        changes: Changes,
    ) -> Iterator[Found]:
        self.left_out.note((key, window.target), window.left_out)
        if key not in self._standing and len(self._standing) >= GROUPS_MAX:
            return self.left_out.note(key)
        self._heard_ms[key] = now_ms
        judged_ms = self._judged_ms.get(key, {})
        for at_ms, readings in window.judged:
            if at_ms <= judged_ms.get(window.target, at_ms - 1):
                continue
            present = {name: ms for name, ms in judged_ms.items() if name in readings}
            judged_ms = self._judged_ms[key] = {**present, window.target: at_ms}
            seen = ratio(readings, at_ms - rule.window_ms, at_ms)
            before = self._standing.get(key, Standing())
            after = self._standing[key] = _stand(rule, before, seen, at_ms)
            if (after.above_since_ms, after.firing_since_ms) != (
                before.above_since_ms,
                before.firing_since_ms,
            ):
                changes[key] = msgspec.json.encode(after)
            if (before.firing_since_ms is None) != (after.firing_since_ms is None):
                cluster = samples.labels.get("cluster", "")
                yield Found(key, cluster, _detection(rule, samples, before, after, seen))

    def forget(self, now_ms: int, changes: Changes) -> Iterator[Found]:
        for key in self._standing:
            self._heard_ms.setdefault(key, now_ms - FORGOTTEN_MS + UNHEARD_MS)
        for key in [k for k, ms in self._heard_ms.items() if ms < now_ms - FORGOTTEN_MS]:
            since_ms = self._standing.pop(key, Standing()).firing_since_ms
            self._judged_ms.pop(key, None)
            del self._heard_ms[key]
            changes[key] = None
            if since_ms is not None:
                yield Found(key, "", gone(key.decode().rpartition("/")[0], since_ms))


def _stand(rule: RatioRule, before: Standing, seen: Ratio, at_ms: int) -> Standing:
    """What is inconclusive stands as it stood; waiting for `for` begins anew after it."""
    if not isfinite(seen.value):
        return before
    points = (*before.points, (at_ms, round(seen.value, 4)))[-POINTS_MAX:]
    is_above, firing = seen.is_above(rule.above, rule.least), before.firing_since_ms
    if is_above is None:
        since = None if firing is None else before.above_since_ms
        return replace_standing(before, above_since_ms=since, points=points)
    if not is_above:
        return replace_standing(before, above_since_ms=None, firing_since_ms=None, points=points)
    # A target's clock may go back; what is above since a time to come would never fire.
    since = at_ms if before.above_since_ms is None else min(before.above_since_ms, at_ms)
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
