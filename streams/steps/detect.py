"""`detect`: samples in; detections onto the tape where a rule begins or ceases to hold.

Each kind of rule keeps its own state: `ratios`, `watching`, `absences` and `burning`. What was told
as firing is kept beside them in `told`, and entries that no rule asks for any more are dropped.
What begins or ceases is `announced` before it is told.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from schemas.codec import Undecodable, decode, encode
from schemas.metrics import Samples
from schemas.tape import Origin, TapeRecord
from schemas.topics import TAPE
from streams.detect.burn import Slo
from streams.detect.kinds import WATCHES
from streams.detect.rule import RatioRule
from streams.detect.rules_file import Rule
from streams.detect.watch import Absence, Watch
from streams.steps import absences, budgets, told
from streams.steps.absences import Absences
from streams.steps.announced import Place, Places, announced, announced_in, as_announced, news
from streams.steps.burning import Burning
from streams.steps.effects import Effects, InputRecord, OpenStep, Output
from streams.steps.kept import (
    KEYS_DROPPED_MAX,
    Changes,
    Found,
    encode_kept,
    is_kept,
    kind_and_parts,
)
from streams.steps.ratios import Ratios
from streams.steps.reject import rejected
from streams.steps.remaining import Left
from streams.steps.told import Tellings
from streams.steps.watching import Watching
from streams.steps.windowed import SampleWindows, windowing, windows_in

FORGET_EVERY_MS = 3_600_000
ENDED_MAX = 100
"""Alerts of rules that were taken out, with one record."""
KINDS = {*WATCHES, absences.KIND, *budgets.KINDS, told.KIND}
"""Of entries that may be dropped; a later release may have others."""


class DetectStep:
    def __init__(
        self,
        rules: Sequence[Rule],
        incarnation: str,
        cluster: str,
        entries: Mapping[bytes, bytes],
    ) -> None:
        self._incarnation, self._cluster = incarnation, cluster
        all_announced = announced_in(entries)
        self._places = Places(entries, all_announced)
        self._over = [one.key for one in all_announced]
        self._told = Tellings(entries)
        self._announced = list(news(all_announced, self._told.since_ms()))
        entries = as_announced(entries, self._announced)
        self._ratios = Ratios([r for r in rules if isinstance(r, RatioRule)], entries)
        self._others = (
            Watching([r for r in rules if isinstance(r, Watch)], entries),
            Absences([r for r in rules if isinstance(r, Absence)], entries),
            Burning([r for r in rules if isinstance(r, Slo)], entries),
        )
        self._all = (self._ratios, *self._others)
        claimed = set().union(*(detectors.claimed for detectors in self._all))
        self._claimed = claimed
        self._ended = self._told.of_others(claimed)
        self._ended += [of for one in self._announced if (of := one.of.encode()) not in claimed]
        self._dropped = dict.fromkeys(
            key for key in entries if key not in claimed and _may_be_dropped(key)
        )
        self._forget_at_ms = 0
        self.now_ms = 0
        self.next_due_ms: int | None = None

    @property
    def left_out(self) -> Mapping[str, int]:
        """How many series are not watched because of a limit, by kind of rule."""
        return {type(each).__name__.lower(): each.left_out.count for each in self._all}

    def budgets_left(self, now_ms: int) -> Iterator[Left]:
        return next(o for o in self._others if isinstance(o, Burning)).left(now_ms)

    def apply(self, record: InputRecord) -> Effects:
        samples = decode(record.value, Samples)
        if isinstance(samples, Undecodable):
            return rejected(record, samples.fault, samples.detail)
        changes: Changes = {}
        again = list(self._told.noted(self._taken_over(changes), changes))
        found = chain(
            self._ratios.judge(samples, windows_in(record), record.at_ms, changes),
            *(each.judge(samples, record.at_ms, changes) for each in self._others),
            self._forgotten(record.at_ms, changes),
            self._taken_out(),
        )
        told = list(self._told.noted(found, changes))
        self._drop(changes)
        places = self._places.take(len(again) + len(told), record.offset, changes)
        new = [announced(*one, changes) for one in zip(told, places[len(again) :], strict=True)]
        changes |= dict.fromkeys(one.key for one in new)
        return Effects(
            changes,
            tuple(self._outputs(record, zip([*again, *told], places, strict=True))),
            {one.key: encode_kept(one) for one in new},
        )

    def _taken_over(self, changes: Changes) -> Iterator[Found]:
        """From a worker that did not come to store it, and may not have come to tell it."""
        before, self._announced = self._announced, []
        over, self._over = self._over, []
        changes |= dict.fromkeys(over)
        for one in before:
            if one.entry is None or one.found.of in self._claimed:
                changes[one.found.of] = None if one.entry is None else one.entry.encode()
            yield one.found

    def _forgotten(self, now_ms: int, changes: Changes) -> Iterator[Found]:
        if not self._forget_at_ms:
            self._forget_at_ms = now_ms + FORGET_EVERY_MS
        if now_ms < self._forget_at_ms:
            return
        self._forget_at_ms = now_ms + FORGET_EVERY_MS
        gone: Changes = {}
        for each in self._all:
            each.left_out.turn()
            yield from each.forget(now_ms, gone)
        self._dropped.update(dict.fromkeys(gone))

    def _taken_out(self) -> Iterator[Found]:
        now, self._ended = self._ended[:ENDED_MAX], self._ended[ENDED_MAX:]
        return (self._told.ended(of) for of in now if self._told.stands(of))

    def _drop(self, changes: Changes) -> None:
        """What is written again is wanted again."""
        for key in changes:
            self._dropped.pop(key, None)
        for key in list(islice(self._dropped, KEYS_DROPPED_MAX)):
            del self._dropped[key]
            changes[key] = None

    def _outputs(
        self, record: InputRecord, told: Iterable[tuple[Found, Place]]
    ) -> Iterator[Output]:
        for (_, of, detection), place in told:
            cluster = of or self._cluster
            origin = Origin(
                record.topic.noun, self._incarnation, record.partition, place.offset, place.number
            )
            yield Output(TAPE, cluster.encode(), encode(TapeRecord(cluster, detection, origin)))


def _may_be_dropped(key: bytes) -> bool:
    """The told go with their ends."""
    kind = kind_and_parts(key)[0] if is_kept(key) else ""
    return not kind or (kind in KINDS and kind != told.KIND)


def windowed(
    rules: Sequence[Rule],
) -> Callable[[InputRecord, SampleWindows], InputRecord]:
    return windowing([rule for rule in rules if isinstance(rule, RatioRule)])


def open_detect(rules: Sequence[Rule], incarnation: str, cluster: str) -> OpenStep:
    return lambda _partition, entries: DetectStep(rules, incarnation, cluster, entries)
