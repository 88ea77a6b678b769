"""What goes wrong in a world and when, drawn before it begins; some of it aims at what is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.controls import ALL_CLUSTERS, ControlKind
from schemas.topics import COMMANDS
from tests.simulation.broker import Place
from tests.simulation.process import Process
from tests.simulation.processor import PREFIX

if TYPE_CHECKING:
    from tests.simulation.world import World

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
    rng, at, active_s = world.rng, world.timeline.at, world.active_s
    nemesis = Nemesis(world)
    begins = [3 + rng.random() * active_s * 0.7 for _ in range(rng.randint(1, 3))]
    for _ in range(rng.randint(1, 6)):
        at(rng.choice(begins) + rng.random() * 3, None, nemesis.breaks)
    for _ in range(rng.randint(0, 3)):
        at(rng.random() * active_s, None, nemesis.meddles)
    for _ in range(rng.randint(0, 6)):
        at(rng.random() * active_s, None, nemesis.strikes)
    for n in range(1, int(active_s // 20)):
        at(20.0 * n, None, world.senders.repeats)
    for n in range(1, 5):
        at(n * active_s / 3, None, world.compacts)
    at(active_s, None, world.calms)


class Nemesis:
    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = world.rng
        self._aims = world.rng.random() * 0.5
        """How often something happens just as a command is on its way."""
        for p in range(world.partitions):
            world.broker.listeners[COMMANDS.name(PREFIX), p].append(self._commanded)

    def breaks(self) -> None:
        world, rng = self._world, self._rng
        name = rng.choice(("HighErrors",) * 8 + ("NodeDown", "Other"))
        target = rng.choice(world.targets)
        labels = {"pod": rng.choice(("a", "b")), "team": rng.choice(("x", "x", "y"))}
        world.note(f"{name} at {target} {labels}")
        trouble = world.senders.breaks(name, target, **labels)
        if rng.random() < 0.4:
            world.timeline.after(rng.random() * 60, None, world.senders.mends, trouble)

    def strikes(self) -> None:
        """A process is killed or stopped for a while, somewhere in what it does next."""
        world, rng = self._world, self._rng
        if not world.alive:
            return
        process, span_s = rng.choice(world.alive), rng.random() * STOP_S_MAX
        strike = process.kill if rng.random() < 0.5 else lambda: world.stops(process, span_s)
        self._aim(process, strike)

    def _aim(self, process: Process, strike: object) -> None:
        if self._rng.random() < 0.5:
            process.strike_after(self._rng.randint(1, STEPS_MAX), strike)  # type: ignore[arg-type]
            return
        what = process.name.split("-")[0]
        points = [p for p in POINTS if (what == "executor") == p.startswith("executor")]
        process.strike_at(self._rng.choice(points), strike)  # type: ignore[arg-type]

    def _commanded(self, _place: Place, _end: int) -> None:
        world, rng = self._world, self._rng
        if not world.calm and rng.random() < self._aims:
            self._aims *= 0.8
            work = self.meddles if rng.random() < 0.6 else self.strikes
            world.timeline.after(rng.random() ** 2 * 3, None, work)

    def meddles(self) -> None:
        """People and other hands."""
        world, rng = self._world, self._rng
        cluster = rng.choice((*world.sites, ALL_CLUSTERS))
        span_s, target = 2 + rng.random() * PAUSE_S_MAX, rng.choice(world.targets)
        match rng.randrange(7):
            case 0 | 1:
                world.note(f"kill {cluster}")
                world.people.kills(cluster)
                world.timeline.after(span_s, None, world.people.revives, cluster)
            case 2:
                world.note(f"freeze {cluster}")
                world.people.orders(ControlKind.FREEZE, cluster, span_s, id="f")
            case 3:
                world.note(f"silence {target.name}")
                matchers = f'["deployment=\\"{target.name}\\""]'
                given = {"id": target.name, "matchers": matchers}
                world.people.orders(ControlKind.SILENCE, cluster, span_s, **given)
            case 4 | 5:
                world.note(f"a release at {target}")
                world.sites[target.cluster].releases(target, rng.randrange(100))
            case 6:
                world.note(f"{target} is made anew")
                world.sites[target.cluster].made_anew(target)
