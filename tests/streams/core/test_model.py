"""Any facts, in any order, against a model that knows only what must never happen.

A history is a list of small numbers, so that Hypothesis can shrink it; `Hostile` reads them as
facts that senders, executors, people and clocks may produce, the absurd ones among them.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import sightings
from schemas.alerts import AlertStatus
from schemas.codec import encode
from schemas.controls import ALL_CLUSTERS, Control, ControlKind
from schemas.incidents import Decision
from schemas.remediation import (
    Check,
    Command,
    CommandKind,
    Outcome,
    OutcomeReason,
    OutcomeStatus,
    Withdrawal,
)
from schemas.tape import Detection, LogicActivated, Origin, PolicyPublished, SnapshotTaken
from streams.core.decide import DUE_MAX, Step
from streams.core.entries import AlertState, CrowdState, IncidentState
from streams.core.lifecycle import IN_FLIGHT, Phase
from streams.core.partition import ScopeState
from streams.core.reasons import Reason
from streams.core.standing import TargetState
from streams.core.state import State
from streams.policy.book import PolicyBook
from streams.policy.load import digest_of
from streams.steps.state_codec import decode_state, encode_entry
from tests.builders import QUICK, World, alert, observation
from tests.examples import examples
from tests.streams.core.model import CONCURRENT, PER_HOUR, PER_MINUTE, Model

TIGHT = (
    QUICK.replace("actions_per_minute: 6", f"actions_per_minute: {PER_MINUTE}")
    .replace("actions_per_hour: 30", f"actions_per_hour: {PER_HOUR}")
    .replace("concurrent: 3", f"concurrent: {CONCURRENT}")
    .replace("attempts_per_target: 2", "attempts_per_target: 20")
    .replace("cooldown: 15m", "cooldown: 1ms")
    .replace("by: [alertname, deployment]", "by: [deployment, alertname, team]")
)
UNDOING = TIGHT.replace(
    "      - action: restart\n",
    "      - action: scale\n        parameters: {max: 9, by: 1}\n        undo: true\n",
)
SHORTER = TIGHT.partition("      - action: roll_back\n")[0] + "      - action: escalate\n"
LENDING = UNDOING.replace("        undo: true\n", "        undo: true\n        lasts: 61s\n")
POLICIES = (
    UNDOING,
    UNDOING,
    LENDING,
    LENDING,
    TIGHT,
    SHORTER,
    UNDOING.replace("name: errors", "name: others"),
    UNDOING.replace("namespaces: [shop]", "namespaces: []"),
    UNDOING.replace("wait: 0s", "wait: 7s").replace("patience: 5m", "patience: 1s"),
)
CLUSTERS = (*("eu-1",) * 8, "us/1", "us/1", "", ALL_CLUSTERS)
PAUSES_MS = (0, 1, 1_000, 5_000, 5_000, 10_000, 31_000, 61_000, 600_000, 7_200_000, -90_000)
ODD_TIMES_MS = (0, -1, 1, 2**62, -(2**62))

BOOK = PolicyBook()

Numbers = tuple[int, int, int, int]


class Hostile:
    """A world in which anything may be heard, and everything is checked after each fact."""

    def __init__(self) -> None:
        self.world = World(policy=None)
        self.model = Model()
        self.world.policies = BOOK
        self.waiting: list[Command] = []
        """All commands so far."""
        self.asked: list[Command] = []
        """Those that the good executor has not yet answered."""
        self.deeds: tuple[Callable[[int, int], Step | None], ...] = (
            self.sees,
            self.sees,
            self.sees,
            self.sees_odd_times,
            self.detects,
            *(self.obeys,) * 8,
            *(self.answers,) * 4,
            self.heals,
            self.lies,
            self.ticks,
            self.ticks,
            self.switches,
            self.publishes,
            self.publishes_nonsense,
            self.crashes,
            self.repeats,
        )
        self.check(self.world.publishes(UNDOING))

    def plays(self, history: Sequence[Numbers]) -> None:
        for pause, deed, this, that in history:
            self.world.now_ms += PAUSES_MS[pause % len(PAUSES_MS)]
            if step := self.deeds[deed % len(self.deeds)](this, that):
                self.check(step)

    # What happens.

    def sees(self, this: int, that: int, starts_at_ms: int | None = None) -> Step:
        world = self.world
        starts = world.now_ms - (that % 3) * 1_000 if starts_at_ms is None else starts_at_ms
        seen = alert(
            ("HighErrors", "HighErrors", "HighErrors", "Unmatched")[this % 4],
            (AlertStatus.FIRING, AlertStatus.FIRING, AlertStatus.RESOLVED)[this // 4 % 3],
            starts_at_ms=starts,
            ends_at_ms=(0, world.now_ms + 240_000, world.now_ms + 1_000)[this // 12 % 3],
            deployment=("checkout", "cart", "a/b,c=d", "")[that % 4],
            team=("", "x", "y")[that // 4 % 3],
        )
        return world.hears(sightings.pack([seen]), cluster=CLUSTERS[that // 12 % len(CLUSTERS)])

    def sees_odd_times(self, this: int, that: int) -> Step:
        return self.sees(this, that, ODD_TIMES_MS[that % len(ODD_TIMES_MS)])

    def detects(self, this: int, that: int) -> Step:
        seen = alert("HighErrors", deployment=("checkout", "cart")[this % 2])
        status = (AlertStatus.FIRING, AlertStatus.RESOLVED)[that % 2]
        since = ODD_TIMES_MS[this % 5]
        return self.world.hears(Detection("r", status, seen.labels, {}, since, 0.5, 0.1, 1))

    def heals(self, this: int, that: int) -> Step | None:
        """All alerts of an incident end, of one that is about to act where there is one."""
        acts = [c for c in self.asked if c.kind is CommandKind.ACT] or self.waiting
        if not acts:
            return None
        incident_id = acts[-1 - this % min(2, len(acts))].incident_id
        ended = [
            alert(status=AlertStatus.RESOLVED, starts_at_ms=self.world.now_ms, **entry.labels)
            for _, entry in self.world.state.items()
            if isinstance(entry, AlertState) and entry.incident_id == incident_id
        ]
        clusters = {c.incident_id: c.cluster for c in self.waiting}
        return self.world.hears(sightings.pack(ended), cluster=clusters[incident_id])

    def answers(self, this: int, that: int) -> Step | None:
        """The latest commands most; each may be answered again and again."""
        if not self.waiting:
            return None
        return self._answer(self.waiting[-1 - this % min(4, len(self.waiting))], that)

    def obeys(self, this: int, that: int) -> Step | None:
        """As a good executor: what is asked for, once; an action works three times of four."""
        if not self.asked:
            return None
        command = self.asked.pop(-1 - this % min(2, len(self.asked)))
        if command.kind is CommandKind.LOOK:
            return self.world.observed(command)
        if command.kind is CommandKind.VERIFY:
            return self.world.checked(command, passed=that % 4 > 0)
        if command.command_id in self.model.withdrawn and this % 4:
            cleared = OutcomeReason.CONDITION_CLEARED
            return self._says(command, OutcomeStatus.REJECTED, cleared, that)
        said = (OutcomeStatus.APPLIED, OutcomeStatus.APPLIED, OutcomeStatus.FAILED)[that % 3]
        return self._says(command, said, OutcomeReason.NONE, that)

    def lies(self, this: int, that: int) -> Step | None:
        """An answer of the wrong kind, cluster or incident."""
        if not self.waiting:
            return None
        command = self.waiting[this % len(self.waiting)]
        wrong: tuple[Command, ...] = (
            replace(command, kind=list(CommandKind)[that % 4]),
            replace(command, cluster="us/1"),
            replace(command, incident_id=""),
            replace(command, target=replace(command.target, name="database")),
        )
        return self._answer(wrong[that // 4 % 4], that // 16)

    def _answer(self, command: Command, how: int) -> Step:
        world = self.world
        if command.kind is CommandKind.LOOK and how % 8:
            odd = (
                {}, {}, {}, {"found": False, "uid": ""}, {"opted_in": False},
                {"paused_until": "9999-12-31T23:59:59-23:59"}, {"replicas_updated": 0},
                {"uid": "u\n/", "generation": -1, "observed_generation": -1},
            )[how // 8 % 8]  # fmt: skip
            at_ms = world.now_ms + (0, 0, 0, -60_000, 2**61)[how // 64 % 5]
            return world.hears(observation(command, at_ms, **odd))
        statuses = (OutcomeStatus.CHECKED, *OutcomeStatus, OutcomeStatus.APPLIED)
        reasons = (*OutcomeReason, "never heard of")
        return self._says(
            command, statuses[how % len(statuses)], reasons[how // 8 % len(reasons)], how // 8
        )

    def _says(self, command: Command, status: OutcomeStatus, reason: str, how: int) -> Step:
        outcome = Outcome(
            command.command_id,
            command.cluster,
            command.incident_id,
            command.kind,
            status,
            reason,
            self.world.now_ms,
            "test",
            checks=((Check("rollout", True),), (), (Check("rollout", None),))[how % 3],
            undo=({"replicas": "3", "a": "b"}, {})[how // 4 % 2],
        )
        self.model.told(outcome)
        return self.world.hears(outcome)

    def ticks(self, this: int, that: int) -> Step:
        return self.world.ticks(host_at_ms=2**61 if this % 16 == 0 and that % 4 == 0 else None)

    def switches(self, this: int, that: int) -> Step:
        cluster = (ALL_CLUSTERS, "eu-1", "us/1")[this % 3]
        kind = ControlKind.KILL if that % 4 == 1 else ControlKind.UNKILL
        if kind is ControlKind.KILL:
            self.model.killed.add(cluster)
        else:
            self.model.killed.discard(cluster)
        return self.world.hears(Control("c", cluster, kind, "ann", "", 0), cluster=cluster)

    def publishes(self, this: int, that: int) -> Step:
        source = POLICIES[this % len(POLICIES)]
        for n in range(17 if that % 16 == 0 else 0):
            self.check(self.world.publishes(source + f"# {n}\n"))
        return self.world.publishes(source)

    def publishes_nonsense(self, this: int, that: int) -> Step:
        facts = (
            PolicyPublished(digest_of(UNDOING), TIGHT, "eve"),
            PolicyPublished("", UNDOING, "eve"),
            PolicyPublished("of/mine", UNDOING, "eve"),
            PolicyPublished("junk", "{", "eve"),
            PolicyPublished("junk", "\ufeff", "eve"),
            LogicActivated(1, "eve"),
            SnapshotTaken(-1, "", 0),
            Control("c", "", ControlKind.POLICY, "eve", "", 0),
        )
        return self.world.hears(facts[this % len(facts)], cluster=CLUSTERS[that % len(CLUSTERS)])

    def crashes(self, _this: int, _that: int) -> None:
        """Another process goes on from what was stored."""
        before, self.world.state = self.world.state, recovered(self.world.state)
        everything = len(before)
        assert before.due(2**80, everything) == self.world.state.due(2**80, everything)

    def repeats(self, this: int, _that: int) -> Step:
        at_ms, record = self.world.tape[this % len(self.world.tape)]
        assert record.origin is None or isinstance(record.origin, Origin)
        if record.origin is None:
            return self.ticks(1, 1)
        return self.world.plays(max(at_ms, self.world.now_ms), record)

    # What must hold.

    def check(self, step: Step) -> None:
        now_ms = max(at for at, _ in self.world.tape)
        self.model.hears(now_ms, step.outputs)
        given = [out for out in step.outputs if isinstance(out, Command)]
        self.waiting += given
        self.asked += given
        for decision in (out for out in step.outputs if isinstance(out, Decision)):
            for verdict in decision.verdicts:
                Reason(verdict.reason)
        check_state(self.world.state, now_ms)
        self._check_locks()
        self._check_acts(step)
        self._check_withdrawals(step)

    def _check_locks(self) -> None:
        state = self.world.state
        locks = {
            key: entry.locked_by
            for key, entry in state.items()
            if isinstance(entry, TargetState) and entry.locked_by
        }
        assert locks == self.model.held
        for key, entry in state.items():
            if isinstance(entry, ScopeState):
                assert sorted(entry.in_flight) == self.model.names(key.removeprefix("scope/"))

    def _check_acts(self, step: Step) -> None:
        firing = firing_by_incident(self.world.state)
        for out in step.outputs:
            if isinstance(out, Command) and out.kind is CommandKind.ACT:
                assert firing.get(out.incident_id), "acts after its alerts have ended"

    def _check_withdrawals(self, step: Step) -> None:
        """What is ordered for alerts that have ended is withdrawn, and nothing else is."""
        firing = firing_by_incident(self.world.state)
        for out in step.outputs:
            if isinstance(out, Withdrawal):
                assert not firing.get(out.incident_id), "withdrawn while its alerts fire"
        for _, entry in self.world.state.items():
            if isinstance(entry, IncidentState) and entry.phase is Phase.COMMANDED:
                cleared = entry.clear_since_ms is not None
                assert entry.act_id in self.model.withdrawn or not cleared, "goes on for nothing"


def check_state(state: State, now_ms: int) -> None:
    firing = firing_by_incident(state)
    late = len(state.due(now_ms, DUE_MAX))
    assert late == 0, "something that was due was left undone"
    for _, entry in state.items():
        if isinstance(entry, IncidentState):
            assert entry.due_at_ms is not None, "nobody will ever look at it again"
            assert entry.phase is not Phase.CLOSED
            assert entry.group_key in state.groups(entry.incident_id)
            crowd = state.get(f"crowd/{entry.incident_id}")
            assert isinstance(crowd, CrowdState)
            assert crowd.firing == firing.get(entry.incident_id, 0)
            assert (entry.clear_since_ms is None) == (crowd.firing > 0)
            if entry.phase is Phase.RESOLVED:
                assert crowd.firing == 0, "resolved, and its alert fires"
            if entry.phase in IN_FLIGHT:
                scope = state.get(f"scope/{entry.cluster}")
                assert isinstance(scope, ScopeState)
                assert entry.incident_id in scope.in_flight


def firing_by_incident(state: State) -> dict[str, int]:
    found: dict[str, int] = {}
    for _, entry in state.items():
        if isinstance(entry, AlertState) and entry.status is AlertStatus.FIRING:
            found[entry.incident_id] = found.get(entry.incident_id, 0) + 1
    return found


def recovered(state: State) -> State:
    return decode_state({k.encode(): encode_entry(e) for k, e in state.items()})


SMALL = st.integers(0, 1_000)
HISTORIES = st.lists(st.tuples(SMALL, SMALL, SMALL, SMALL), max_size=60)


@settings(max_examples=examples(150))
@given(HISTORIES)
def test_whatever_is_heard_no_rule_is_broken(history: list[Numbers]) -> None:
    hostile = Hostile()
    hostile.plays(history)
    again = World(policy=None)
    again.policies = PolicyBook() if len(history) % 16 == 1 else BOOK
    for at_ms, record in hostile.world.tape:
        again.plays(at_ms, record)
    assert [encode(o) for o in again.all] == [encode(o) for o in hostile.world.all]
