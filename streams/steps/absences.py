"""Absence in the detect step: series that were there and are not any more.

Time is the broker's, at which records came. While nothing at all came for long, nobody was heard
of, so the waiting begins anew; so it does after a restart.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

import msgspec

from schemas.metrics import Samples
from streams.core.keys import key_part
from streams.detect.standing import CLEAR, Standing, stand
from streams.detect.verdict import Verdict
from streams.detect.watch import Absence
from streams.reading.nodes import spoken
from streams.steps.kept import (
    FORGOTTEN_MS,
    GROUPS_MAX,
    UNHEARD_MS,
    Changes,
    Found,
    Group,
    about,
    begun_or_ceased,
    decode_kept,
    detection,
    encode_kept,
    fits,
    group_of,
    kept,
    key_of,
)
from streams.steps.left_out import LeftOut

KIND = "absence"
CHECK_EVERY_MS = 5_000


class Known(msgspec.Struct, frozen=True):
    group: Group
    cluster: str
    standing: Standing = CLEAR
    about: str = ""


class Absences:
    def __init__(self, rules: Sequence[Absence], entries: Mapping[bytes, bytes]) -> None:
        self._rules = rules
        self._wanted: dict[str, list[tuple[int, Absence]]] = defaultdict(list)
        self._known: dict[tuple[int, Group], Known] = {}
        self._seen_ms: dict[tuple[int, Group], int] = {}
        self._about = [about(rule.of, rule.by) for rule in rules]
        self.claimed: set[bytes] = set()
        self.left_out = LeftOut()
        for number, rule in enumerate(rules):
            self._wanted[rule.of.metric].append((number, rule))
            for key, parts, value in kept(entries, KIND):
                if parts[0] == key_part(rule.name):
                    known = decode_kept(value, Known)
                    if fits(rule.by, known.group, known.about, self._about[number]):
                        self._known[number, known.group] = known
                        self.claimed.add(key)
        self._listening_ms: dict[int, int] = {}
        """By rule: since when there was no silence of everybody."""
        self._now_ms = 0
        self._check_at_ms = 0

    def judge(self, samples: Samples, now_ms: int, changes: Changes) -> Iterator[Found]:
        self._listen(max(now_ms, self._now_ms))
        for sample in samples.samples if self._wanted else ():
            for number, rule in self._wanted.get(sample.name, ()):
                if isfinite(sample.value) and rule.of.matches(sample.labels):
                    place = number, group_of(rule.by, samples, sample)
                    yield from self._see(place, samples.labels.get("cluster", ""), changes)
        if self._known and self._now_ms >= self._check_at_ms:
            self._check_at_ms = self._now_ms + CHECK_EVERY_MS
            for place in list(self._known):
                yield from self._miss(place, changes)

    def _listen(self, now_ms: int) -> None:
        quiet_ms = now_ms - self._now_ms
        for number, rule in enumerate(self._rules):
            if number not in self._listening_ms or quiet_ms > rule.for_ms / 2:
                self._listening_ms[number] = now_ms
        self._now_ms = now_ms

    def _see(self, place: tuple[int, Group], cluster: str, changes: Changes) -> Iterator[Found]:
        known = self._known.get(place)
        if known is None and len(self._known) >= GROUPS_MAX:
            return self.left_out.note(place)
        self._seen_ms[place] = self._now_ms
        if known is None:
            self._known[place] = Known(place[1], cluster, about=self._about[place[0]])
            changes[self._key(place)] = encode_kept(self._known[place])
        elif known.standing.firing_since_ms is not None:
            yield from self._told(place, False, 0, "a sample has come", changes)

    def _miss(self, place: tuple[int, Group], changes: Changes) -> Iterator[Found]:
        rule = self._rules[place[0]]
        listening_ms = self._listening_ms[place[0]]
        silent_ms = self._now_ms - max(self._seen_ms.get(place, 0), listening_ms)
        if silent_ms < rule.for_ms:
            return
        if self._known[place].standing.firing_since_ms is None:
            words = f"no sample of {rule.of.metric} for {spoken(silent_ms // 1000 * 1000)}"
            yield from self._told(place, True, silent_ms, words, changes)

    def _told(
        self, place: tuple[int, Group], absent: bool, silent_ms: int, words: str, changes: Changes
    ) -> Iterator[Found]:
        rule, known = self._rules[place[0]], self._known[place]
        standing = stand(known.standing, absent, self._now_ms, 0)
        after = Known(known.group, known.cluster, standing, self._about[place[0]])
        self._known[place] = after
        changes[self._key(place)] = encode_kept(after)
        verdict = Verdict(absent, silent_ms / 1000, rule.for_ms / 1000, rule.for_ms, words)
        if begun_or_ceased(known.standing, standing):
            both = known.standing, standing
            told = detection(
                rule, rule.name, place[1], both, verdict, rule.labels, rule.annotations
            )
            yield Found(self._key(place), known.cluster, told)

    def forget(self, now_ms: int, changes: Changes) -> Iterator[Found]:
        """An absence that is a day old, and what was silent while nobody could be missed."""
        words = f"absent for {spoken(FORGOTTEN_MS)}: taken for gone, and not expected any more"
        for place, known in list(self._known.items()):
            since_ms, for_ms = known.standing.firing_since_ms, self._rules[place[0]].for_ms
            heard_ms = self._seen_ms.setdefault(place, now_ms - FORGOTTEN_MS + UNHEARD_MS)
            if since_ms is not None and now_ms - since_ms >= FORGOTTEN_MS:
                yield from self._told(place, False, now_ms - heard_ms, words, {})
                self._drop(place, changes)
            elif since_ms is None and now_ms - heard_ms > FORGOTTEN_MS + for_ms:
                self._drop(place, changes)

    def _drop(self, place: tuple[int, Group], changes: Changes) -> None:
        del self._known[place]
        self._seen_ms.pop(place, None)
        changes[self._key(place)] = None

    def _key(self, place: tuple[int, Group]) -> bytes:
        return key_of(KIND, self._rules[place[0]].name, *place[1])
