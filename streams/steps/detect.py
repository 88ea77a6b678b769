"""`detect`: samples in; detections onto the tape where a rule begins or ceases to hold.

Each kind of rule keeps its own state: `ratios`, `watching`, `absences` and `burning`. What was told
as firing is kept beside them in `told`, and entries that no rule asks for any more are dropped.
What begins or ceases is `announced` before it is told.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
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
from streams.steps.announced import announce, announced_in, as_announced
from streams.steps.burning import Burning
from streams.steps.effects import Effects, InputRecord, OpenStep, Output
from streams.steps.kept import KEYS_DROPPED_MAX, Changes, Found, is_kept, kind_and_parts
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
        again = announced_in(entries)
        entries = as_announced(entries, again)
        self._ratios = Ratios([r for r in rules if isinstance(r, RatioRule)], entries)
        self._others = (
            Watching([r for r in rules if isinstance(r, Watch)], entries),
            Absences([r for r in rules if isinstance(r, Absence)], entries),
            Burning([r for r in rules if isinstance(r, Slo)], entries),
        )
        self._all = (self._ratios, *self._others)
        self._told = Tellings(entries)
        claimed = set().union(*(detectors.claimed for detectors in self._all))
        self._again = [(one, one.of.encode() in claimed) for one in again]
        self._ended = self._told.of_others(claimed)
        self._ended += [one.of.encode() for one, is_claimed in self._again if not is_claimed]
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
        again = list(self._told.noted(self._announced(changes), changes))
        found = chain(
            self._ratios.judge(samples, windows_in(record), record.at_ms, changes),
            *(each.judge(samples, record.at_ms, changes) for each in self._others),
            self._forgotten(record.at_ms, changes),
            self._taken_out(),
        )
        told = list(self._told.noted(found, changes))
        self._drop(changes)
        announced = tuple(announce(one, changes) for one in told)
        return Effects(changes, tuple(self._outputs(record, [*again, *told])), announced)

    def _announced(self, changes: Changes) -> Iterator[Found]:
        """By a worker that did not come to store it, and may not have come to tell it."""
        again, self._again = self._again, []
        for one, is_claimed in again:
            if is_claimed:
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

    def _outputs(self, record: InputRecord, found: Sequence[Found]) -> Iterator[Output]:
        for index, (_, of, detection) in enumerate(found):
            cluster = of or self._cluster
            origin = Origin(
                record.topic.noun, self._incarnation, record.partition, record.offset, index
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
