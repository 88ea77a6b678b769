"""One partition's work on fakes: order something, then see what was recorded and changed."""

from typing import Any

from remediators.actions.plan import Kit
from remediators.core.floor import Floor
from remediators.core.reply import Reply
from remediators.core.scope import Scope
from remediators.executor.desk import Desk
from remediators.executor.job import Means
from remediators.executor.metrics import Metrics
from remediators.executor.work import Work
from remediators.ports import Outlook, Recorded
from schemas.actions import ACTIONS
from schemas.remediation import Command, CommandKind, Observation, Outcome, Request
from tests.fakes import FakeClock, FakeCluster, FakeLedger, FakePages
from tests.remediators.builders import NOW_MS, TARGET, command

PARTITION = 0


class Died(Exception):
    """The process ends here."""


class Bench:
    def __init__(self, actions_per_hour_max: int = 30) -> None:
        self.cluster = FakeCluster()
        self.cluster.deploy(TARGET)
        self.pages = FakePages()
        self.scope = Scope()
        self.kit = Kit()
        self.enabled = frozenset(ACTIONS)
        self.floor = Floor()
        self.told: list[tuple[Command, Recorded]] = []
        self.clock = FakeClock(NOW_MS)
        self.ledger = FakeLedger(self.clock)
        self.points: list[str] = []
        self.die_at = ""
        self.metrics = Metrics()
        self.actions_per_hour_max = actions_per_hour_max
        self.restart()

    def restart(self) -> None:
        """Another process takes over: nothing is left but the ledger."""
        self.die_at = ""
        means = Means(
            {"eu-1": self.cluster},
            self.clock,
            self.metrics,
            self._reached,
            self.actions_per_hour_max,
            Outlook(self.pages, {"eu-1": self.pages}),
            self.scope,
            self.kit,
            self.enabled,
            self.floor,
            lambda order, record: self.told.append((order, record)),
        )
        desk = Desk(PARTITION, self.ledger, self.metrics, "test", lambda: self.clock.at_ms)
        self.desk, self.work = desk, Work(means, desk)

    async def do(self, order: Command) -> list[Recorded]:
        """What this command has added to the ledger."""
        await self.desk.open()
        before = len(self.records)
        await self.work.do(order)
        return self.records[before:]

    async def act(self, **more: Any) -> Command:
        """An ACT bound to a fresh look."""
        target = more.get("target", TARGET)
        name = f"look-{len(self.records)}"
        look = command(CommandKind.LOOK, command_id=name, target=target)
        seen = (await self.do(look))[0]
        assert isinstance(seen, Observation)
        bound = {"uid": seen.uid, "generation": seen.generation, "marker": seen.marker}
        return command(**{**bound, **more})

    def somebody_releases(self, request: Request) -> Reply:
        """At the very moment of a request, which then finds another generation."""
        self.cluster.change(TARGET, lambda found: found["spec"].update(replicas=7))
        return self.cluster.take_effect(request)

    def _reached(self, point: str) -> None:
        self.points.append(point)
        if point == self.die_at:
            raise Died(point)

    @property
    def records(self) -> list[Recorded]:
        return [record for _, record in self.ledger.records[PARTITION] if record is not None]


def words(records: list[Recorded]) -> list[str]:
    return [
        f"{r.status} {r.reason}".strip() if isinstance(r, Outcome) else "observed" for r in records
    ]
