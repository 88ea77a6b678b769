"""Detections as they would have been made of recorded samples, beside those that were made."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from schemas.alerts import AlertStatus
from schemas.tape import Detection
from streams.desk.detecting import Detecting
from streams.detect.burn import BURNS, Slo
from streams.detect.rules_file import Rule
from streams.steps.effects import InputRecord

SPELLS_MAX = 2_000
"""That are told, with their evidence. Those beyond are counted."""
Key = tuple[str, str, frozenset[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Spell:
    """From when to when a rule held, or nearly: `until_ms` is the broker's time."""

    cluster: str
    detection: Detection
    """As it began; of one that had begun before anything was read, as it ended."""
    until_ms: int | None = None

    @property
    def since_ms(self) -> int:
        return self.detection.since_ms

    @property
    def key(self) -> Key:
        return self.cluster, self.detection.rule, frozenset(self.detection.labels.items())

    def overlaps(self, other: "Spell") -> bool:
        first, last = sorted((self, other), key=lambda spell: spell.since_ms)
        # Where a target's clock is fast, the broker's end may be before the target's beginning.
        is_over = first.until_ms is not None and first.until_ms < last.since_ms
        return first.since_ms == last.since_ms or not is_over


class Spells:
    """Beginnings joined with their ends; only those that a span of time has a part in."""

    def __init__(self, from_ms: int, to_ms: int) -> None:
        self._from_ms, self._to_ms = from_ms, to_ms
        self._open: dict[Key, Spell] = {}
        self._over: list[Spell] = []
        self._heard: dict[Key, tuple[int, AlertStatus]] = {}
        """The last that was heard: a fact may be on the tape twice."""
        self._dropped = 0

    def hears(self, at_ms: int, cluster: str, detection: Detection) -> None:
        spell, told = Spell(cluster, detection), (detection.since_ms, detection.status)
        if detection.since_ms > self._to_ms or self._heard.get(spell.key) == told:
            return
        self._heard[spell.key] = told
        before = self._open.pop(spell.key, None)
        if detection.status is AlertStatus.RESOLVED:
            self._end(replace(before or spell, until_ms=at_ms))
            return
        if before is not None:
            self._end(before)
        # What is not going to be told needs no chart.
        bare = replace(spell, detection=replace(detection, series=()))
        self._open[spell.key] = spell if len(self._open) < SPELLS_MAX else bare

    def _end(self, spell: Spell) -> None:
        if spell.until_ms is not None and spell.until_ms < self._from_ms:
            return
        if len(self._over) < SPELLS_MAX:
            self._over.append(spell)
        else:
            self._dropped += 1

    def all(self) -> list[Spell]:
        """The first of them."""
        return sorted([*self._over, *self._open.values()], key=_order)[:SPELLS_MAX]

    @property
    def left_out(self) -> int:
        return self._dropped + max(0, len(self._over) + len(self._open) - SPELLS_MAX)


def _order(spell: Spell) -> tuple[int, str, str]:
    return spell.since_ms, spell.detection.rule, repr(sorted(spell.detection.labels.items()))


@dataclass(slots=True)
class Backtest:
    """`rules` over what is heard; `cluster`: of samples that name none."""

    rules: Sequence[Rule]
    cluster: str
    from_ms: int
    to_ms: int
    records: int = 0
    _partitions: dict[int, Detecting] = field(default_factory=dict)
    _spells: Spells = field(init=False)

    def __post_init__(self) -> None:
        self._spells = Spells(self.from_ms, self.to_ms)

    def hears(self, record: InputRecord) -> None:
        """Each partition's in their order, as a worker has them."""
        self.records += 1
        detecting = self._partitions.get(record.partition)
        if detecting is None:
            detecting = self._partitions[record.partition] = Detecting(self.rules, self.cluster)
        for fact, detection in detecting.hears(record):
            self._spells.hears(record.at_ms, fact.cluster, detection)

    @property
    def spells(self) -> Spells:
        """That it would have made."""
        return self._spells


@dataclass(frozen=True, slots=True)
class Row:
    """`recorded`: the first that was made of the same while this would have held."""

    spell: Spell
    recorded: Spell | None

    @property
    def same(self) -> bool:
        return self.recorded is not None and self.recorded.since_ms == self.spell.since_ms


@dataclass(frozen=True, slots=True)
class Compared:
    would_be: tuple[Row, ...]
    only_recorded: tuple[Spell, ...]

    @property
    def same(self) -> bool:
        return not self.only_recorded and all(row.same for row in self.would_be)


def compare(
    rules: Sequence[Rule], would_be: Sequence[Spell], recorded: Sequence[Spell]
) -> Compared:
    """Of the same rule and the same values of its `by`: its other labels may have changed."""
    names = {name: frozenset(by) for rule in rules for name, by in _alerts(rule)}
    made, mine = _by_group(names, recorded), _by_group(names, would_be)
    rows = (
        Row(spell, _beside(spell, made.get(group, ()))) for group in mine for spell in mine[group]
    )
    only = (s for group in made for s in made[group] if _beside(s, mine.get(group, ())) is None)
    return Compared(
        tuple(sorted(rows, key=lambda row: _order(row.spell))), tuple(sorted(only, key=_order))
    )


def _alerts(rule: Rule) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(rule, Slo):
        yield from ((rule.alert(burn), rule.by) for burn in BURNS)
    else:
        yield rule.name, rule.by


def _by_group(
    names: Mapping[str, frozenset[str]], spells: Iterable[Spell]
) -> dict[Key, list[Spell]]:
    found: dict[Key, list[Spell]] = defaultdict(list)
    for spell in spells:
        cluster, rule, labels = spell.key
        by = names.get(rule)
        found[cluster, rule, frozenset(p for p in labels if by is None or p[0] in by)].append(spell)
    return found


def _beside(spell: Spell, others: Iterable[Spell]) -> Spell | None:
    """The first that holds at the same time."""
    return next((other for other in others if spell.overlaps(other)), None)
