"""What goes wrong in a world and when, drawn before it begins; some of it aims at what is done."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from schemas.controls import ALL_CLUSTERS, ControlKind
from schemas.kinds import FLAG, ROLLOUT
from schemas.remediation import Command, CommandKind
from schemas.topics import COMMANDS
from tests.simulation.broker import Place
from tests.simulation.membership import SESSION_S
from tests.simulation.network import Odds
from tests.simulation.process import Process
from tests.simulation.processor import PREFIX
from tests.simulation.records import recorded
from tests.simulation.site import Trouble

if TYPE_CHECKING:
    from tests.simulation.world import World

UNTOLD = (FLAG, ROLLOUT)
"""Of what was done to these nothing tells by whom."""
TEAMS = ("x", "y")
PEACE_S = 2.5
"""In which everybody starts, and the policy reaches the tape."""
STEPS_MAX = 60
STOP_S_MAX = 18.0
"""Three sessions."""
PAUSE_S_MAX = 25.0
POINTS = (
    "observe.outputs_acked",
    "relay.outputs_acked",
    "relay.consumed",
    "decide.consumed",
    "decide.outputs_acked",
    "decide.outputs_acked",
    "decide.journal_written",
    "executor.claimed",
    "executor.intent_acked",
    "executor.response_read",
    "executor.result_acked",
    "executor.mid_rollback",
)


def plan(world: World) -> None:
    rng, nemesis = world.rng, Nemesis(world)
    span_s = world.active_s - PEACE_S

    def some_time(share: float = 1.0) -> float:
        return PEACE_S + rng.random() * share * span_s

    def plans(times: int, deed: Callable[[], None]) -> None:
        for _ in range(times):
            world.timeline.at(some_time(), None, deed)

    world.timeline.at(PEACE_S, None, nemesis.worsens)
    begins = [some_time(0.7) for _ in range(rng.randint(1, 2))]
    for _ in range(rng.choice((1, 2, 3, 5))):
        world.timeline.at(rng.choice(begins) + rng.random() * 3, None, nemesis.breaks)
    plans(rng.randint(0, 3), nemesis.meddles)
    plans(rng.randint(0, 6), nemesis.strikes)
    plans(rng.choice((0, 0, 0, 1)), nemesis.echoes)
    plans(rng.randint(0, 2), world.senders.repeats)
    plans(rng.randint(1, 4), world.compacts)
    world.timeline.at(world.active_s, None, world.calms)


class Nemesis:
    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = world.rng
        self._aims = world.rng.choice((0.0, 0.5, 1.0))
        """How often something happens just as a command is on its way."""
        for p in range(world.partitions):
            world.broker.listeners[COMMANDS.name(PREFIX), p].append(self._commanded)

    def worsens(self) -> None:
        """From here on calls and records go astray, in some worlds more than in others."""
        world, rng = self._world, self._rng
        harsh = rng.choice((0.0, 1.0, 1.0, 3.0))
        late = rng.choice((0.005, 0.005, 0.005, 0.03)) * harsh
        world.network.odds = Odds(late, 0.002 * harsh, 0.002 * harsh)
        world.wrong.again, world.wrong.skipped = 0.03 * harsh, 0.02 * harsh
        often = Trouble(
            unreadable=0.05,
            lost=0.06,
            unanswered=0.05,
            late=0.07,
            doubled=0.05,
            turned_away=0.03,
        )
        for name in often.__slots__:
            setattr(world.trouble, name, getattr(often, name) * harsh)

    def breaks(self) -> None:
        world, rng = self._world, self._rng
        name = rng.choice(("HighErrors",) * 8 + ("NodeDown", "Other"))
        known = [t.target for t in world.senders.troubles]
        target = rng.choice(known if known and rng.random() < 0.3 else world.targets)
        labels = {"pod": rng.choice(("a", "b")), "team": rng.choice(TEAMS)}
        world.note(f"{name} at {target} {labels}")
        trouble = world.senders.breaks(name, target, **labels)
        if rng.random() < 0.4:
            world.timeline.after(rng.random() * 60, None, world.senders.mends, trouble)

    def strikes(self) -> None:
        """A process is killed, stopped for a while or cut off, somewhere in what it does next."""
        world, rng = self._world, self._rng
        if not world.alive:
            return
        process, span_s = rng.choice(world.alive), rng.random() * STOP_S_MAX
        stop = partial(world.stops, process, span_s)
        self._aim(process, rng.choice((process.kill, process.kill, stop, stop, process.cut)))

    def _aim(self, process: Process, strike: object) -> None:
        if self._rng.random() < 0.5:
            process.strike_after(self._rng.randint(1, STEPS_MAX), strike)  # type: ignore[arg-type]
            return
        what = process.name.split("-")[0]
        points = [p for p in POINTS if (what == "executor") == p.startswith("executor")]
        steps = self._rng.randint(0, 1)
        process.strike_at(self._rng.choice(points), strike, steps)  # type: ignore[arg-type]

    def _commanded(self, place: Place, _end: int) -> None:
        world, rng = self._world, self._rng
        command = recorded(world.broker.logs[place].history[-1].value, Command)
        if world.calm or not isinstance(command, Command) or rng.random() > self._aims:
            return
        reads = command.kind in (CommandKind.LOOK, CommandKind.VERIFY)
        if reads:
            self._aims *= 0.8
        if reads or rng.random() < 0.2:
            world.timeline.after(rng.random() ** 2 * 3, None, self.meddles)
        elif command.target.kind in UNTOLD and rng.random() < 0.5:
            self._obscures(place[1], command)
        elif rng.random() < 0.4:
            self._outlasts(place[1], command)
        else:
            self._divides(place[1], command)

    def _divides(self, partition: int, command: Command) -> None:
        """Its executor is stopped before it has the command or with it in hand, until another has
        taken over; which may be killed in the middle of it, or told to stop."""
        world, rng = self._world, self._rng
        for member in world.executors.members:
            process = member.process
            if partition in member.has:
                span_s = SESSION_S + rng.random() ** 2 * (STOP_S_MAX - SESSION_S) * 0.7
                stop = partial(world.stops, process, span_s)
                if rng.random() < 0.5:
                    stop()
                else:
                    process.strike_at("executor.claimed", stop, rng.randint(1, 25))
            elif rng.random() < 0.7:
                point = rng.choice(("executor.intent_acked", "executor.response_read"))
                process.strike_at(point, process.kill, rng.randint(0, 1))
        if rng.random() < 0.6:
            begins_s, span_s = SESSION_S * (0.5 + rng.random() / 2), 1 + rng.random() * 4
            world.timeline.after(begins_s, None, self._kills, command.cluster, span_s)

    def _outlasts(self, partition: int, command: Command) -> None:
        """Its executor is stopped until it has expired. Another carries it out meanwhile, and is
        killed before he can say so."""
        world, left_ms = self._world, command.expires_at_ms - self._world.timeline.now_ms
        if left_ms <= 0:
            return
        for member in world.executors.members:
            if partition in member.has:
                world.stops(member.process, left_ms / 1000 + self._rng.random() * 2)
            else:
                member.process.strike_at("executor.response_read", member.process.kill, 0)

    def _obscures(self, partition: int, command: Command) -> None:
        """It is lost, or its executor is killed before he can say what came of it, which nothing
        else tells; and another team has the same trouble."""
        world, rng = self._world, self._rng
        for team in TEAMS:
            tells = partial(world.senders.breaks, "HighErrors", command.target, team=team)
            world.timeline.after(rng.random() * 10, None, tells)
        if rng.random() < 0.5:
            world.sites[command.cluster].loses.add(command.target)
            return
        for process in [m.process for m in world.executors.members if partition in m.has]:
            point = rng.choice(("executor.intent_acked", "executor.response_read"))
            process.strike_at(point, process.kill, 0)

    def echoes(self) -> None:
        """Whoever hears of an order is cut off and dies, so that others hear of it; and his word of
        it arrives too, when it is no longer so."""
        world, rng = self._world, self._rng
        for process in [p for p in world.alive if p.name.startswith("processor")]:
            process.cut()
            world.timeline.after(0.1, None, process.kill)
        self._kills(rng.choice(tuple(world.sites)), SESSION_S + 2 + rng.random() * 6)

    def _kills(self, cluster: str, span_s: float) -> None:
        self._world.note(f"kill {cluster}")
        self._world.people.kills(cluster)
        self._world.timeline.after(span_s, None, self._world.people.revives, cluster)

    def meddles(self) -> None:
        """People and other hands."""
        world, rng = self._world, self._rng
        cluster = rng.choice((*world.sites, ALL_CLUSTERS))
        span_s, target = 2 + rng.random() * PAUSE_S_MAX, rng.choice(world.targets)
        match rng.randrange(7):
            case 0 | 1:
                self._kills(cluster, span_s)
            case 2:
                world.note(f"freeze {cluster}")
                world.people.orders(ControlKind.FREEZE, cluster, span_s, id="f")
            case 3:
                world.note(f"silence {target.name}")
                matchers = f'["deployment=\\"{target.name}\\""]'
                given = {"id": target.name, "matchers": matchers}
                world.people.orders(ControlKind.SILENCE, cluster, span_s, **given)
            case 4 | 5:
                world.note(world.keepers[target.cluster].meddles(target))
            case 6:
                world.note(f"{target} is made anew")
                world.sites[target.cluster].made_anew(target)
