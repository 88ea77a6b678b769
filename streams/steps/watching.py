"""Rules over single series in the detect step: samples to their series, verdicts to detections."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import fsum, isfinite
from typing import Any
from zlib import crc32

import msgspec

from schemas.metrics import Samples
from streams.core.keys import key_part
from streams.detect.anomaly import Anomaly
from streams.detect.rollout import NONE, Rollout, noticed
from streams.detect.scrapes import NOTHING, Held, add
from streams.detect.standing import CLEAR, Standing, stand
from streams.detect.watch import Watch
from streams.steps.kept import (
    AHEAD_MS,
    FORGOTTEN_MS,
    GROUPS_MAX,
    UNHEARD_MS,
    VALUE_MAX,
    Changes,
    Found,
    Group,
    about,
    begun_or_ceased,
    decode_kept,
    detection,
    encode_kept,
    fits,
    gone,
    group_of,
    kept,
    key_of,
)
from streams.steps.left_out import LeftOut

GAP_MS = 5 * 60_000
"""Two samples further apart than this, and than `for`, do not witness that it held in between."""
Place = tuple[int, Group]
Labels = frozenset[tuple[str, str]]
Target = Labels
Seat = tuple[bool, Place, Target]
Wanted = dict[str, list[tuple[int, Watch]]]


class Series(msgspec.Struct, frozen=True):
    """What is kept of one series. `state` is the detector's own."""

    group: Group
    about: str = ""
    seen_ms: int = 0
    stored_ms: int = 0
    standing: Standing = CLEAR
    rollout: Rollout = NONE
    state: Any = None


class Watching:
    def __init__(self, rules: Sequence[Watch], entries: Mapping[bytes, bytes]) -> None:
        self._rules = rules
        self._values: Wanted = defaultdict(list)
        self._rollouts: Wanted = defaultdict(list)
        for number, rule in enumerate(rules):
            self._values[rule.of.metric].append((number, rule))
            if rule.freeze is not None:
                self._rollouts[rule.freeze.of.metric].append((number, rule))
        self._about = [_about(rule) for rule in rules]
        self._series: dict[Place, Series] = {}
        self._held: dict[tuple[bool, Place], dict[Target, Held]] = defaultdict(dict)
        """Scrapes under way: of rollouts or of values, by series and target."""
        self._opened_ms = 0
        """The broker's time of the first record that we have heard."""
        self._rests: dict[Seat, int] = {}
        """Of scrapes that began before that, their times."""
        self._heard_ms: dict[Place, int] = {}
        self.claimed: set[bytes] = set()
        self.left_out = LeftOut()
        for number, rule in enumerate(rules):
            for key, parts, value in kept(entries, rule.detector.kind):
                if parts[0] == key_part(rule.name):
                    series = decode_kept(value, Series)
                    if fits(rule.by, series.group, series.about, self._about[number]):
                        self._series[number, series.group] = _with_state(rule, series)
                        self.claimed.add(key)

    def judge(self, samples: Samples, now_ms: int, changes: Changes) -> Iterator[Found]:
        self._opened_ms = min(self._opened_ms or now_ms, now_ms)
        if samples.at_ms > now_ms + AHEAD_MS:
            return
        for place, at_ms, generation in self._whole(samples, now_ms, self._rollouts, True):
            self._notice(place, at_ms, generation, changes)
        for place, at_ms, value in self._whole(samples, now_ms, self._values, False):
            yield from self._judge(place, samples, at_ms, value, changes)

    def _whole(
        self, samples: Samples, now_ms: int, wanted: Wanted, rollouts: bool
    ) -> Iterator[tuple[Place, int, float]]:
        """Of the scrapes that are whole by now, the sums of each group."""
        pieces = self._pieces(samples, wanted, rollouts)
        target = frozenset(samples.labels.items()) if pieces else frozenset()
        for place, piece in pieces.items():
            if place not in self._heard_ms and self._is_full(place):
                self.left_out.note(place)
                continue
            self._heard_ms[place] = now_ms
            held = self._held.get((rollouts, place), {}).get(target)
            seat = rollouts, place, target
            if held is None and self._is_a_rest(seat, samples.at_ms):
                continue
            self._rests.pop(seat, None)
            after, scrapes = add(held or NOTHING, samples.at_ms, piece)
            self._held[rollouts, place][target] = after
            for scrape in scrapes:
                known = [value for _, _, value in scrape.series.values()]
                total = fsum(known or scrape.born.values())
                if abs(total) < VALUE_MAX:
                    yield place, scrape.at_ms, total

    def _is_a_rest(self, seat: Seat, at_ms: int) -> bool:
        """Of the first scrape that we hear of: its other records may have been another worker's."""
        return at_ms < self._opened_ms and at_ms <= self._rests.setdefault(seat, at_ms)

    def _is_full(self, place: Place) -> bool:
        """What was recovered has its room, though it was not heard of yet."""
        if place in self._series:
            return False
        return len(self._heard_ms) >= GROUPS_MAX or len(self._series) >= GROUPS_MAX

    def _pieces(
        self, samples: Samples, wanted: Wanted, rollouts: bool
    ) -> dict[Place, dict[Labels, float | None]]:
        found: dict[Place, dict[Labels, float | None]] = {}
        for sample in samples.samples if wanted else ():
            for number, rule in wanted.get(sample.name, ()):
                selector = rule.freeze.of if rollouts and rule.freeze else rule.of
                if selector.matches(sample.labels):
                    place = number, group_of(rule.by, samples, sample)
                    is_value = isfinite(sample.value) and abs(sample.value) < VALUE_MAX
                    piece = found.setdefault(place, {})
                    piece[frozenset(sample.labels.items())] = sample.value if is_value else None
        return found

    def _judge(
        self, place: Place, samples: Samples, at_ms: int, value: float, changes: Changes
    ) -> Iterator[Found]:
        rule, group = self._rules[place[0]], place[1]
        before = self._known(place)
        if at_ms <= before.seen_ms:
            return
        learn = at_ms >= before.rollout.frozen_until_ms
        state, verdict = rule.detector.judge(before.state, at_ms, value, learn)
        stood = before.standing
        if stood.holds_since_ms is not None and at_ms - before.seen_ms > max(GAP_MS, rule.for_ms):
            stood = stand(stood, None, at_ms, rule.for_ms)
        standing = stand(stood, verdict.holds, at_ms, rule.for_ms)
        every_ms = rule.detector.store_every_ms
        due = every_ms is not None and _is_due(group, before.stored_ms, at_ms, every_ms)
        stored_ms = at_ms if due else before.stored_ms
        made_of = self._about[place[0]]
        after = Series(group, made_of, at_ms, stored_ms, standing, before.rollout, state)
        self._series[place] = after
        if due or standing != before.standing:
            changes[_key(rule, group)] = encode_kept(after)
        if begun_or_ceased(before.standing, standing):
            both = before.standing, standing
            told = detection(rule, rule.name, group, both, verdict, rule.labels, rule.annotations)
            yield Found(_key(rule, group), samples.labels.get("cluster", ""), told)

    def _notice(self, place: Place, at_ms: int, generation: float, changes: Changes) -> None:
        rule = self._rules[place[0]]
        series = self._known(place)
        if rule.freeze is None:
            return
        rollout = noticed(series.rollout, rule.freeze, at_ms, generation)
        if rollout is not series.rollout:
            after = msgspec.structs.replace(series, rollout=rollout)
            self._series[place] = after
            changes[_key(rule, place[1])] = encode_kept(after)

    def _known(self, place: Place) -> Series:
        number, group = place
        state = self._rules[number].detector.state
        return self._series.get(place) or Series(group, self._about[number], state=state())

    def forget(self, now_ms: int, changes: Changes) -> Iterator[Found]:
        """What nobody has seen for a day. Of what fires it is told, since nobody sees it end."""
        for place in self._series:
            self._heard_ms.setdefault(place, now_ms - FORGOTTEN_MS + UNHEARD_MS)
        since_ms = now_ms - FORGOTTEN_MS
        for place in [p for p, ms in self._heard_ms.items() if ms < since_ms]:
            del self._heard_ms[place]
            self._held.pop((True, place), None)
            self._held.pop((False, place), None)
            if (series := self._series.pop(place, None)) is not None:
                rule = self._rules[place[0]]
                key = _key(rule, place[1])
                changes[key] = None
                if series.standing.firing_since_ms is not None:
                    yield Found(key, "", gone(rule.name, series.standing.firing_since_ms))
        self._rests.clear()
        for held in self._held.values():
            newest_ms = max(one.whole_ms for one in held.values())
            for target in [t for t, one in held.items() if one.whole_ms < newest_ms - FORGOTTEN_MS]:
                del held[target]


def _about(rule: Watch) -> str:
    season = rule.detector.season if isinstance(rule.detector, Anomaly) else ""
    return about(rule.of, rule.by, season)


def _key(rule: Watch, group: Group) -> bytes:
    return key_of(rule.detector.kind, rule.name, *group)


def _is_due(group: Group, stored_ms: int, at_ms: int, every_ms: int) -> bool:
    """Each series at a time of its own, so that they are not all stored at once."""
    phase_ms = crc32("/".join(group).encode()) % every_ms
    return (at_ms + phase_ms) // every_ms != (stored_ms + phase_ms) // every_ms


def _with_state(rule: Watch, series: Series) -> Series:
    try:
        state = msgspec.convert(series.state, rule.detector.state)
    except msgspec.MsgspecError as fault:
        raise ValueError(f"the journal's state of {rule.name!r} cannot be read: {fault}") from fault
    return msgspec.structs.replace(series, state=state)
