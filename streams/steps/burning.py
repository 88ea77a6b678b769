"""SLOs in the detect step: counters to roll-ups, burn rates to detections."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from math import isfinite

from schemas.metrics import Sample, Samples
from schemas.tape import Detection
from streams.detect.burn import BUDGET_MS, BURNS, Slo, holds, judge
from streams.detect.prometheus_rules import labels
from streams.detect.rollup import GAP_MS, SERIES_MAX, Reading, Rollup
from streams.detect.rollup import add as add_to_rollup
from streams.detect.scrapes import NOTHING, Held, add
from streams.detect.standing import CLEAR, Standing, stand
from streams.steps.budgets import (
    KINDS,
    STANDING,
    Place,
    budget_key,
    keys_of,
    place_for,
    place_of,
    recovered,
    store_minute,
)
from streams.steps.kept import (
    AHEAD_MS,
    FORGOTTEN_MS,
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
    gone,
    group_of,
    kept,
)
from streams.steps.left_out import LeftOut
from streams.steps.remaining import Left, left

BUDGETS_MAX = 500
"""Of one partition: thirty days of hours and six hours of minutes each, 130 KiB."""
Counts = tuple[float, float]
"""A series' bad and total."""


class Burning:
    def __init__(self, slos: Sequence[Slo], entries: Mapping[bytes, bytes]) -> None:
        self._slos = slos
        self._about = {slo.name: about(slo.total, slo.by, repr(slo.bad)) for slo in slos}
        self._seen = recovered(slos, self._about, entries)
        self._standings = {
            parts: decode_kept(value, Standing)
            for _, parts, value in kept(entries, STANDING)
            if parts[:-1] in self._seen
        }
        self._held: dict[Place, dict[frozenset[tuple[str, str]], Held]] = defaultdict(dict)
        """Scrapes under way, by target."""
        self._heard_ms: dict[Place, int] = {}
        self.claimed = {
            key
            for kind in KINDS
            for key, parts, _ in kept(entries, kind)
            if place_of(kind, parts) in self._seen
        }
        self.left_out = LeftOut()

    def left(self, now_ms: int) -> Iterator[Left]:
        return left(self._slos, self._seen, now_ms)

    def judge(self, samples: Samples, now_ms: int, changes: Changes) -> Iterator[Found]:
        if samples.at_ms > now_ms + AHEAD_MS:
            return
        for slo in self._slos:
            for group, piece in _pieces(slo, samples).items():
                place = place_for(slo, group)
                if place not in self._seen and len(self._seen) >= BUDGETS_MAX:
                    self.left_out.note(place)
                    continue
                self._heard_ms[place] = now_ms
                for at_ms, counts in self._whole(place, samples, piece):
                    seen = self._added(slo, place, at_ms, counts, changes)
                    if seen is not None:
                        until_ms = max(at_ms, seen.watched_until_ms)
                        for of, found in self._judge(slo, group, seen, until_ms, changes):
                            yield Found(of, samples.labels.get("cluster", ""), found)

    def _whole(
        self, place: Place, samples: Samples, piece: Mapping[str, Counts | None]
    ) -> Iterator[tuple[int, Mapping[str, Counts]]]:
        """The scrapes that are whole by now. A target's first one is taken as it comes, and so is
        the rest of one that was judged: what is new adds nothing, and what was known before a
        restart is counted from there."""
        target = frozenset(samples.labels.items())
        held = self._held[place].get(target, NOTHING)
        after, scrapes = add(held, samples.at_ms, piece)
        self._held[place][target] = after
        is_first = not held.known and samples.at_ms in (held.pending or after.pending)
        if is_first or samples.at_ms <= held.whole_ms:
            yield samples.at_ms, {n: v for n, v in piece.items() if v is not None}
        for scrape in scrapes:
            now = {name: value for name, (_, _, value) in scrape.series.items()}
            yield scrape.at_ms, {**now, **scrape.born}

    def _added(
        self, slo: Slo, place: Place, at_ms: int, counts: Mapping[str, Counts], changes: Changes
    ) -> Rollup | None:
        """None where nothing is new."""
        first = seen = self._seen.get(place, Rollup())
        for name, (bad, total) in counts.items():
            if name not in seen.series and len(seen.series) >= SERIES_MAX:
                self.left_out.note((place, name))
            before, seen = seen, add_to_rollup(seen, name, Reading(at_ms, bad, total))
            if before.minutes and seen.minutes[-1].number > before.minutes[-1].number:
                store_minute(place, self._about[slo.name], before, seen, changes)
        self._seen[place] = seen
        return None if seen is first else seen

    def _judge(
        self, slo: Slo, group: Group, seen: Rollup, at_ms: int, changes: Changes
    ) -> Iterator[tuple[bytes, Detection]]:
        for burn in BURNS:
            told = (*place_for(slo, group), burn.name)
            before = self._standings.get(told, CLEAR)
            after = stand(before, holds(slo, burn, seen, at_ms), at_ms, 0)
            if after == before:
                continue
            self._standings[told] = after
            changes[budget_key(STANDING, told)] = encode_kept(after)
            if begun_or_ceased(before, after):
                verdict = judge(slo, burn, seen, at_ms)
                said = {**slo.labels, **labels(slo, burn)}
                both = before, after
                yield (
                    budget_key(STANDING, told),
                    detection(slo, slo.alert(burn), group, both, verdict, said, {}),
                )

    def forget(self, now_ms: int, changes: Changes) -> Iterator[Found]:
        """A budget is of thirty days, unless others want its room."""
        patience_ms = FORGOTTEN_MS if len(self._seen) >= BUDGETS_MAX else BUDGET_MS
        for place in self._seen:
            self._heard_ms.setdefault(place, now_ms - FORGOTTEN_MS + UNHEARD_MS)
        for place in [p for p, ms in self._heard_ms.items() if ms < now_ms - patience_ms]:
            yield from self._forgotten(place, changes)
        for held in self._held.values():
            newest_ms = max(one.whole_ms for one in held.values())
            for target in [t for t, one in held.items() if one.whole_ms < newest_ms - GAP_MS]:
                del held[target]

    def _forgotten(self, place: Place, changes: Changes) -> Iterator[Found]:
        del self._heard_ms[place]
        self._held.pop(place, None)
        self._seen.pop(place, None)
        changes.update(dict.fromkeys(keys_of(place)))
        for burn in BURNS:
            told = (*place, burn.name)
            standing = self._standings.pop(told, CLEAR)
            if standing.firing_since_ms is not None:
                yield Found(
                    budget_key(STANDING, told), "", gone(place[0], standing.firing_since_ms)
                )


def _pieces(slo: Slo, samples: Samples) -> dict[Group, dict[str, Counts | None]]:
    """Each series by itself: each is restarted by itself."""
    found: dict[Group, dict[str, Counts | None]] = {}
    for sample in samples.samples:
        total = sample.name == slo.total.metric and slo.total.matches(sample.labels)
        bad = sample.name == slo.bad.metric and slo.bad.matches(sample.labels)
        if total or bad:
            is_value = isfinite(sample.value) and abs(sample.value) < VALUE_MAX
            counts = (sample.value * bad, sample.value * total) if is_value else None
            group = group_of(slo.by, samples, sample)
            found.setdefault(group, {})[_series(samples, sample)] = counts
    return found


def _series(samples: Samples, sample: Sample) -> str:
    target = samples.labels.get("pod") or samples.labels.get("instance", "")
    text = repr((target, sample.name, sorted(sample.labels.items())))
    return blake2b(text.encode(), digest_size=8).hexdigest()
