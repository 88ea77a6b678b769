"""One seed's world: its parts, what happens to them, and silence at the end."""

from collections.abc import Iterator
from functools import partial
from random import Random

from schemas.topics import JOURNALS
from tests.simulation.broker import Broker, Log
from tests.simulation.cluster import Line
from tests.simulation.consumer import Wrong
from tests.simulation.estates import Estate
from tests.simulation.executor import COMMANDS_TOPIC, Board, Committed, executor
from tests.simulation.keepers import Keepers
from tests.simulation.membership import Group
from tests.simulation.nemesis import plan
from tests.simulation.network import Network, Odds
from tests.simulation.process import Process
from tests.simulation.processor import PREFIX, Processor
from tests.simulation.site import Site
from tests.simulation.site import Trouble as ApiTrouble
from tests.simulation.timeline import Timeline
from tests.simulation.workload import People, Senders

BACK_AFTER_S = 2.0
CALM_S = 20.0
SILENCE_S_MAX = 600.0
LAST_S = 12.0
LOOK_S = 5.0
COMPACTION_LAG_S = 25.0


class World:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = rng = Random(seed)
        self.timeline = Timeline()
        self.broker = Broker(self.timeline)
        self.events: list[tuple[float, str]] = []
        self.partitions = rng.choice((1, 1, 2))
        self.active_s = rng.choice((20.0, 40.0, 60.0))
        self.network = Network(rng, self.broker, Odds())
        self.wrong = Wrong()
        self.trouble = ApiTrouble()
        names = ("eu-1", "us-1")[: rng.choice((1, 1, 1, 2))]
        self.sites = {n: Site(n, self.timeline, rng, self.trouble) for n in names}
        self.senders = Senders(self.timeline, rng, self.broker, self.partitions)
        self.people = People(self.timeline, rng, self.broker, self.partitions)
        estate = Estate(rng)
        self.targets = [t for site in self.sites.values() for t in estate.fill(site)]
        self.keepers = {name: Keepers(site) for name, site in self.sites.items()}
        for site in self.sites.values():
            site.listeners.append(lambda effect, _: self.senders.mended(effect.request.target))
        self.processors = Group(self.timeline, rng, self.partitions)
        self.executors = Group(self.timeline, rng, self.partitions)
        self.committed = Committed()
        self.alive: list[Process] = []
        self.workers: list[Processor] = []
        self.born = 0
        self.calm = False
        self.policy = estate.policy
        self.people.publishes(self.policy)
        for _ in range(rng.choice((1, 2, 2))):
            self.starts_processor()
        for _ in range(rng.choice((1, 2, 2))):
            self.starts_executor()
        plan(self)

    def note(self, what: str) -> None:
        self.events.append((self.timeline.now_s, what))

    # What happens to its processes.

    def stops(self, process: Process, span_s: float) -> None:
        if process.dead or process.stopped:
            return
        self.note(f"{process.name} is stopped for {span_s:.1f} s")
        process.stop_for_now()
        self.processors.silent(process)
        self.executors.silent(process)
        self.timeline.after(span_s, None, self._goes_on, process)

    def _goes_on(self, process: Process) -> None:
        if not process.dead:
            self.note(f"{process.name} goes on")
            process.go_on()
            self.processors.speaks_again(process)
            self.executors.speaks_again(process)

    def compacts(self) -> None:
        before_ms = self.timeline.now_ms - int(COMPACTION_LAG_S * 1000)
        for journal in JOURNALS:
            for p in range(self.partitions):
                self.broker.compact((journal.name(PREFIX), p), before_ms)

    def calms(self) -> None:
        """From here on nothing goes wrong any more, and nobody sends anything."""
        self.note("calm")
        self.compacts()
        for worker in self.workers:
            if self.rng.random() < 0.5:
                worker.process.kill()
        self.calm = True
        self.people.answers = False
        self.network.odds = Odds()
        self.wrong.again = self.wrong.skipped = 0.0
        for name in self.trouble.__slots__:
            setattr(self.trouble, name, 0.0)
        for keeper in self.keepers.values():
            keeper.lifts_limits()
        for process in self.alive:
            process.spare()
        self.senders.repeats()
        for trouble in self.senders.troubles:
            if self.rng.random() < 0.7:
                self.senders.mends(trouble)
        self.people.revives_all()

    # Who lives.

    def starts_processor(self) -> None:
        process = self._born("processor", self.starts_processor)
        process.begin(partial(self._processor, process))

    async def _processor(self, process: Process) -> None:
        made = Processor(process, self.network, self.partitions, self.wrong)
        self.workers.append(made)
        self.processors.join(process, made)
        await made.run()

    def starts_executor(self) -> None:
        process = self._born("executor", self.starts_executor)
        process.begin(partial(self._executor, process))

    async def _executor(self, process: Process) -> None:
        board = Board(process, self.network)
        lines = {name: Line(site, process, board.told) for name, site in self.sites.items()}
        made = executor(
            process, self.network, self.executors, self.committed, lines, board, self.wrong
        )
        try:
            await made.run()
        except Exception as fault:
            if not process.dead:
                self.note(f"{process.name} ends: {fault!r}")
        process.kill()

    def _born(self, what: str, again: object) -> Process:
        self.born += 1
        process = Process(f"{what}-{self.born}", self.timeline, lambda: self._died(process, again))
        self.alive.append(process)
        self.note(f"{process.name} starts")
        return process

    def _died(self, process: Process, again: object) -> None:
        self.note(f"{process.name} is dead")
        self.alive.remove(process)
        self.processors.silent(process)
        self.executors.silent(process)
        self.timeline.after(BACK_AFTER_S, None, again)

    def run(self) -> None:
        """Until it is at rest, and has been for a while."""
        self._rests(CALM_S)
        self._rests(LAST_S)
        self.compacts()
        for process in list(self.alive):
            process.bury()

    def _rests(self, after_s: float) -> None:
        self.timeline.run(max(self.timeline.now_s, self.active_s) + after_s)
        while not self._is_at_rest() and self.timeline.now_s < self.active_s + SILENCE_S_MAX:
            self.timeline.run(self.timeline.now_s + LOOK_S)

    def _commands(self) -> Iterator[tuple[int, Log]]:
        """Of each partition: how many executors say that they have ended, and all."""
        for p in range(self.partitions):
            yield self.committed.get(p, 0), self.broker.logs[COMMANDS_TOPIC, p]

    def _is_at_rest(self) -> bool:
        """By what the living think; whether it is true, the auditor sees for itself."""
        living = [w for w in self.workers if not w.process.dead]
        deciding = {p for worker in living for p in worker.deciding}
        if any(done < log.end for done, log in self._commands()):
            return False
        return len(deciding) == self.partitions and all(w.is_at_rest for w in living)
