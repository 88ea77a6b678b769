"""A worker's lives on one partition: the real step, groups and journal over a log in memory, in the
host's order of writes; and the core, which hears what was told."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import NamedTuple

from schemas.alerts import AlertStatus
from schemas.codec import decode, encode
from schemas.metrics import Sample, Samples
from schemas.tape import Detection, TapeRecord
from schemas.topics import METRICS, TAPE
from streams.core.entries import AlertState
from streams.detect.rules_file import Rule, compile_rules
from streams.host.group import Applied, Group
from streams.host.journal import Journal, open_journals
from streams.host.reading import Bounds
from streams.host.writer import Appended, Record
from streams.steps.decide import DecideStep
from streams.steps.detect import DetectStep, windowed
from streams.steps.effects import InputRecord
from tests.streams.steps.journal import START_MS, Table


class Row(NamedTuple):
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Log:
    """One partition, of which the journal is both writer and reader."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    async def append(self, topic: str, partition: int, records: list[Record]) -> Appended:
        at = len(self.rows)
        self.rows += [Row(*record) for record in records]
        return Appended(at, 0)

    async def read(self, topic: str, partition: int, part: Bounds) -> list[Row]:
        return self.rows[part.start : part.end]

    async def read_all(
        self, topic: str, partitions: Iterable[int], ends: dict[int, int]
    ) -> AsyncIterator[tuple[int, list[Row]]]:
        for partition in partitions:
            ends[partition] = len(self.rows)
            yield partition, list(self.rows)


class Unread:
    """No policy is published here."""

    def compile(self, digest: str, source: str) -> None: ...

    def matchers(self, texts: Sequence[str]) -> None: ...


class Core:
    def __init__(self) -> None:
        self._step = DecideStep(Unread(), 0, {})  # type: ignore[arg-type]
        self.told: list[tuple[str, str]] = []

    def hears(self, group: Group) -> None:
        for (topic, _), records in group.outputs(1).items():
            for record in records if topic is TAPE else ():
                fact = decode(record.value, TapeRecord)
                assert isinstance(fact, TapeRecord)
                assert isinstance(fact.fact, Detection)
                offset = len(self.told)
                self.told.append((fact.fact.rule, str(fact.fact.status)))
                heard = InputRecord(TAPE, 0, offset, group.now_ms, record.key, record.value)
                self._step.apply(heard)

    @property
    def firing(self) -> set[str]:
        """By rule, and queue where there is one."""
        alerts = [one for _, one in self._step.state.items() if isinstance(one, AlertState)]
        return {
            "/".join(filter(None, (one.labels["alertname"], one.labels.get("queue"))))
            for one in alerts
            if one.status is AlertStatus.FIRING
        }


class World:
    """What outlives the workers."""

    def __init__(self, records: Sequence[InputRecord]) -> None:
        self.records = records
        self.log, self.core, self.table = Log(), Core(), Table()


class Worker:
    journal: Journal

    def __init__(self, world: World, rules: Sequence[Rule]) -> None:
        self.world, self.rules = world, rules

    async def opens(self, rules: Sequence[Rule] | None = None) -> None:
        """Also after a kill."""
        self.rules = self.rules if rules is None else rules
        log = self.world.log
        self.journal = (await open_journals("j", [0], log, log))[0]  # type: ignore[arg-type]
        self.step = DetectStep(self.rules, "born", "home", self.journal.live)

    def takes(self, size: int = 1) -> Group:
        group, enrich = Group(), windowed(self.rules)
        first = self.journal.cursor + 1
        for record in self.world.records[first : first + size]:
            effects = self.step.apply(enrich(record, self.world.table))
            group.add(Applied.of(record, effects, self.step.now_ms))
        return group

    async def announces(self, group: Group) -> None:
        if announced := group.announced():
            await self.journal.announce(announced)

    def tells(self, group: Group) -> None:
        self.world.core.hears(group)

    async def stores(self, group: Group) -> None:
        await self.journal.append(group.changes(), group.cursor, group.now_ms)

    async def runs(self, size: int = 1) -> None:
        group = self.takes(size)
        await self.announces(group)
        self.tells(group)
        await self.stores(group)

    async def until(self, offset: int) -> None:
        """Record by record, that one not."""
        while self.journal.cursor + 1 < min(offset, len(self.world.records)):
            await self.runs()


async def worker(records: Sequence[InputRecord], rules: Sequence[Rule]) -> Worker:
    made = Worker(World(records), rules)
    await made.opens()
    return made


def rules_of(text: str) -> Sequence[Rule]:
    return compile_rules("version: 1\ndetections:\n" + text, "d.yaml", lambda _name: "")


def record(number: int, at_s: int, *samples: Sample) -> InputRecord:
    at_ms = START_MS + at_s * 1000
    value = encode(Samples({"pod": "a", "cluster": "eu"}, at_ms, samples))
    return InputRecord(METRICS, 0, number, at_ms + 40, None, value)
