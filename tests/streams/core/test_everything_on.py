"""Any history under a policy that uses everything, watched by a referee.

Hypothesis invents what senders, executors, people and crashes do; a failure prints the history.
"""

import random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schemas.alerts import AlertStatus, Sighting
from schemas.codec import encode
from schemas.controls import ALL_CLUSTERS, ControlKind
from schemas.remediation import Command, CommandKind, OutcomeReason, OutcomeStatus
from streams.core.decide import DUE_MAX
from streams.core.entries import AlertState, CrowdState, IncidentState
from streams.core.keys import incident_key
from streams.core.lifecycle import Phase
from streams.core.reasons import MUTED
from streams.core.state import State
from streams.policy.book import PolicyBook
from streams.policy.load import compile_policy
from streams.steps.state_codec import decode_state, encode_entry
from tests.builders import World, alert, ms
from tests.examples import examples
from tests.policies import CATALOGUE, CORRELATED, ESCALATE, quick, step
from tests.streams.core.referee import Referee

FAST = "verify: {first_check: 2s, every: 2s, hold: 4s, deadline: 20s, probes: [rollout]}"
EVERYTHING = quick(
    CATALOGUE,
    CORRELATED,
    """
inhibit_rules:
  - source_matchers: ['alertname="NodeDown"']
    target_matchers: ['severity="warning"']
watchdogs: [{name: dog, match: ['alertname="Watchdog"'], missing_after: 10m}]
brakes: [{name: api, match: ['alertname="ApiBurns"']}]
severities: {critical: {remediate: true}, warning: {remediate: true}, info: {remediate: false}}
""",
    steps=step("restart", "repeat: {times: 2, pause: 1s}", verify=FAST)
    + step("scale", "parameters: {by: 1, max: 9}", "undo: true", "lasts: 30s", verify=FAST)
    + step("roll_back", "approval: {always: true, expiry: 2m}", verify=FAST)
    + ESCALATE,
    actions_per_minute="4",
    actions_per_hour="12",
    burst="2",
    concurrent="2",
    attempts_per_incident="3",
    cooldown="30s",
    service_cooldown="5s",
    command_ttl="30s",
    patience="1m",
    close_after="1m",
    storm_incidents="6",
    storm_window="1m",
    storm_cooldown="2m",
    storm_share_percent="100",
    breaker_straight="4",
    breaker_open="3m",
    flap_transitions="6",
    flap_window="2m",
)
NAMES = st.sampled_from([*["HighErrors"] * 9, "NodeDown", "ApiBurns", "Other"])
DEPLOYMENTS = st.sampled_from(["cart", "checkout", "db", "web"])
SPANS = st.sampled_from(["1ms", "1s", "2s", "5s", "10s", "31s", "1m", "3m", "11m", "2h"])
BOOK = PolicyBook()


@st.composite
def sightings(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "name": draw(NAMES),
        "status": draw(st.sampled_from([*[AlertStatus.FIRING] * 3, AlertStatus.RESOLVED])),
        "deployment": draw(DEPLOYMENTS),
        "severity": draw(st.sampled_from([*["critical"] * 5, "warning", "info"])),
        "node": draw(st.sampled_from([*[""] * 8, "n1"])),
        "correlation_id": draw(st.sampled_from([*[""] * 8, "c1"])),
        "pod": draw(st.sampled_from(["a", "b"])),
        "source": draw(st.sampled_from(["prometheus", "datadog"])),
    }


class Everything(RuleBasedStateMachine):
    @initialize()
    def begins(self) -> None:
        self.world = World(policy=None)
        self.world.policies = BOOK
        self.referee = Referee(compile_policy(EVERYTHING))
        self.asked: list[Command] = []
        self.seen: dict[str, Sighting] = {}
        self.told(self.world.publishes(EVERYTHING))
        self.alive()

    def told(self, _step: object = None) -> None:
        """What the last fact gave, for the referee and for the executor."""
        _, record = self.world.tape[-1]
        self.referee.hears(self.world.now_ms, record.fact)
        self.gave()

    def gave(self) -> None:
        self.referee.sees(self.world.now_ms, tuple(self.world.new))
        self.asked += self.world.given(Command)

    def alive(self) -> None:
        dog = alert("Watchdog", deployment="", severity="none")
        self.told(self.world.sees(dog))

    # What senders do.

    @rule(batch=st.lists(sightings(), min_size=1, max_size=4))
    def sees(self, batch: list[dict[str, Any]]) -> None:
        self.told(self.world.sees(*(self.sighting(**row) for row in batch)))

    def sighting(self, name: str, status: AlertStatus, **labels: str) -> Sighting:
        return alert(name, status, starts_at_ms=self.world.now_ms, **labels)

    @rule(value=st.floats(allow_nan=True), deployment=DEPLOYMENTS)
    def detects(self, value: float, deployment: str) -> None:
        self.told(self.world.detects(value, deployment=deployment))

    @rule(span=SPANS, blind=st.sampled_from([False] * 7 + [True]))
    def passes(self, span: str, blind: bool) -> None:
        self.world.later(span)
        if not blind:
            self.alive()
        self.told(self.world.ticks())

    # What the executor does.

    @precondition(lambda self: self.asked)
    @rule(which=st.integers(0, 2), well=st.sampled_from([True, True, True, False]))
    def obeys(self, which: int, well: bool) -> None:
        command = self.asked.pop(-1 - which % len(self.asked))
        match command.kind:
            case CommandKind.LOOK:
                seen = {} if well else {"generation": 9, "observed_generation": 9}
                self.told(self.world.observed(command, **seen))
            case CommandKind.VERIFY:
                self.told(self.world.checked(command, passed=well))
            case _:
                status = OutcomeStatus.APPLIED if well else OutcomeStatus.FAILED
                self.told(self.world.answered(command, status, undo={"replicas": "3"}))

    @precondition(lambda self: self.asked)
    @rule(most=st.integers(2, 9))
    def works(self, most: int) -> None:
        """As a good executor, for a while; nothing that it does cures anything."""
        for _ in range(most):
            if self.asked:
                self.obeys(which=0, well=True)
            else:
                self.passes(span="2s", blind=False)

    @precondition(lambda self: self.asked)
    @rule(
        status=st.sampled_from(list(OutcomeStatus)),
        reason=st.sampled_from(
            [OutcomeReason.STALE, OutcomeReason.FORBIDDEN, OutcomeReason.KILLED]
        ),
    )
    def answers(self, status: OutcomeStatus, reason: OutcomeReason) -> None:
        """Anything, and it may be answered again."""
        self.told(self.world.answered(self.asked[-1], status, reason))

    # What people do.

    @precondition(lambda self: self.referee.asked)
    @rule(yes=st.sampled_from([True, True, False]), which=st.integers(0, 3))
    def answers_question(self, yes: bool, which: int) -> None:
        questions = list(self.referee.asked.values())
        question = questions[which % len(questions)]
        kind = ControlKind.APPROVE if yes else ControlKind.REJECT
        asked = {"incident": question.incident_id, "proposal": question.proposal}
        self.told(self.world.orders(kind, "bob", verified=True, **asked))

    @rule(what=st.integers(0, 9), span=SPANS, deployment=DEPLOYMENTS, which=st.integers(0, 20))
    def orders(self, what: int, span: str, deployment: str, which: int) -> None:
        world, until = self.world, self.from_now(span)
        cluster = ALL_CLUSTERS if which % 2 else "eu-1"
        match what:
            case 0:
                world.kills(cluster)
            case 1 | 2:
                world.revives(cluster)
            case 3:
                world.freezes(until, id="f", cluster=cluster)
            case 4:
                world.orders(ControlKind.UNFREEZE, cluster=cluster, id="f")
            case 5:
                world.silences(f'deployment="{deployment}"', until=until, id=deployment)
            case 6:
                known = [i.incident_id for i in world.incidents()] or [""]
                incident = known[which % len(known)]
                world.orders(ControlKind.SNOOZE, until=until, incident=incident)
            case 7:
                world.deployed(deployment)
            case 8:
                world.trusts()
            case 9:
                world.publishes(f"{EVERYTHING}# {which}\n")
        self.told()

    def from_now(self, span: str) -> str:
        return f"{self.world.now_ms - World(None).now_ms + ms(span)}ms"

    # What machines do.

    @rule(seed=st.integers(0, 99))
    def crashes(self, seed: int) -> None:
        """Another process goes on from what was stored, in whatever order that is read back."""
        self.world.state = recovered(self.world.state, seed)

    @rule(which=st.integers(0, 1_000))
    def repeats(self, which: int) -> None:
        """A producer that crashed appends again what it had appended."""
        _, record = self.world.tape[which % len(self.world.tape)]
        if record.origin is not None:
            self.world.plays(self.world.now_ms, record)
            assert not [c for c in self.world.given(Command) if c.kind is CommandKind.ACT]
            self.gave()

    # What must hold.

    @invariant()
    def everybody_is_looked_at_again(self) -> None:
        state = self.world.state
        assert not state.due(self.world.now_ms, DUE_MAX), "what was due was left undone"
        for _, entry in state.items():
            if isinstance(entry, IncidentState):
                assert entry.due_at_ms is not None
                assert entry.due_at_ms > self.world.now_ms
                assert list(state.groups(entry.incident_id))

    @invariant()
    def every_alert_is_counted_once(self) -> None:
        """Apart from those that no incident has: of watchdogs, whose firing is none."""
        firing: dict[str, list[bool]] = {}
        for _, entry in self.world.state.items():
            if isinstance(entry, AlertState) and entry.status is AlertStatus.FIRING:
                firing.setdefault(entry.incident_id, []).append(entry.explained)
        firing.pop("", None)
        counted = {
            key.removeprefix("crowd/"): (entry.firing, entry.explained)
            for key, entry in self.world.state.items()
            if isinstance(entry, CrowdState) and entry.firing
        }
        assert counted == {i: (len(them), sum(them)) for i, them in firing.items()}

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.ends()
        again = World(policy=None)
        again.policies = BOOK
        for at_ms, record in self.world.tape:
            again.plays(at_ms, record)
        assert [encode(o) for o in again.all] == [encode(o) for o in self.world.all]
        assert stored(again.state) == stored(self.world.state)

    def ends(self) -> None:
        """After silence, every incident is over, muted by what lasts, or with a human."""
        for span in (*["31s"] * 12, *["5m"] * 12):
            self.world.later(span)
            self.told(self.world.ticks())
        for _, entry in self.world.state.items():
            if isinstance(entry, IncidentState):
                muted = entry.phase is Phase.SUPPRESSED and entry.reason in MUTED
                assert muted or entry.phase in (Phase.ESCALATED, Phase.RESOLVED), entry.phase
        for incident in self.world.incidents():
            gone = self.world.state.get(incident_key(incident.incident_id)) is None
            assert gone is (incident.state == Phase.CLOSED)


def recovered(state: State, seed: int) -> State:
    entries = [(key.encode(), encode_entry(entry)) for key, entry in state.items()]
    random.Random(seed).shuffle(entries)
    return decode_state(dict(entries))


def stored(state: State) -> dict[str, bytes]:
    return {key: encode_entry(entry) for key, entry in state.items()}


TestEverything = Everything.TestCase
TestEverything.settings = settings(max_examples=examples(60), stateful_step_count=60, deadline=None)
