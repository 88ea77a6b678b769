"""What must hold for every history, not only for those that we thought of."""

import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alerts import AlertStatus, Sighting
from schemas.codec import encode
from schemas.incidents import Decision, Incident
from schemas.remediation import (
    Check,
    Command,
    CommandKind,
    OutcomeReason,
    OutcomeStatus,
)
from schemas.tape import TapeRecord
from streams.core.decide import Out
from streams.core.lifecycle import TRANSITIONS, Phase
from streams.core.state import State
from streams.steps.state_codec import decode_state, encode_entry
from tests.builders import World, alert
from tests.examples import examples

NAMES = st.sampled_from(["HighErrors", "Unmatched"])
DEPLOYMENTS = st.sampled_from(["checkout", "cart", ""])


@st.composite
def sightings(draw: st.DrawFn) -> Sighting:
    return alert(
        draw(NAMES),
        draw(st.sampled_from(AlertStatus)),
        starts_at_ms=draw(st.integers(0, 3)),
        ends_at_ms=draw(st.sampled_from([0, 1_700_000_100_000])),
        deployment=draw(DEPLOYMENTS),
        pod=draw(st.sampled_from(["a", "b"])),
    )


HISTORIES = st.lists(
    st.tuples(st.integers(0, 120_000), st.lists(sightings(), max_size=4), st.randoms()),
    max_size=25,
)


def live(history: Sequence[tuple[int, list[Sighting], random.Random]]) -> World:
    """Play a history with an executor that answers, by whim, anything it may answer."""
    world = World()
    waiting: list[Command] = []
    for pause_ms, seen, whim in history:
        world.now_ms += pause_ms
        if seen:
            world.sees(*seen)
        else:
            world.ticks()
        waiting += world.given(Command)
        if waiting and whim.random() < 0.7:
            answer(world, waiting.pop(whim.randrange(len(waiting))), whim)
            waiting += world.given(Command)
    return world


def answer(world: World, command: Command, whim: random.Random) -> None:
    match command.kind:
        case CommandKind.LOOK:
            world.observed(command, opted_in=whim.random() < 0.9, found=whim.random() < 0.9)
        case CommandKind.VERIFY:
            check = Check("rollout", whim.choice([True, True, False, None]))
            world.answered(command, OutcomeStatus.CHECKED, checks=(check,))
        case _:
            statuses = [s for s in OutcomeStatus if s is not OutcomeStatus.CHECKED]
            reason = whim.choice([OutcomeReason.NONE, OutcomeReason.STALE])
            world.answered(command, whim.choice(statuses), reason)


def contents(outs: Sequence[Out]) -> list[bytes]:
    return [encode(out) for out in outs]


@given(HISTORIES)
def test_a_replay_gives_the_same_bytes(
    history: list[tuple[int, list[Sighting], random.Random]],
) -> None:
    first = live(history)
    second = World(policy=None)
    for at_ms, record in first.tape:
        second.plays(at_ms, record)
    assert contents(second.all) == contents(first.all)


@given(HISTORIES, st.integers(0, 40))
def test_state_that_went_through_the_journal_decides_the_same(
    history: list[tuple[int, list[Sighting], random.Random]], crash_after: int
) -> None:
    first = live(history)
    second = World(policy=None)
    for number, (at_ms, record) in enumerate(first.tape):
        if number == crash_after:
            second.state = stored_and_recovered(second.state)
        second.plays(at_ms, record)
    assert contents(second.all) == contents(first.all)


def stored_and_recovered(state: State) -> State:
    return decode_state({k.encode(): encode_entry(e) for k, e in state.items()})


@given(HISTORIES)
def test_a_tape_with_every_fact_twice_gives_no_new_command(
    history: list[tuple[int, list[Sighting], random.Random]],
) -> None:
    first = live(history)
    second = World(policy=None)
    for at_ms, record in first.tape:
        second.plays(at_ms, record)
        if record.origin is not None:
            second.plays(at_ms, record)
    ids = [c.command_id for c in first.every(Command)]
    assert [c.command_id for c in second.every(Command)] == ids
    assert len(set(ids)) == len(ids)


@given(HISTORIES)
def test_after_silence_every_incident_has_ended_or_is_with_a_human(
    history: list[tuple[int, list[Sighting], random.Random]],
) -> None:
    world = live(history)
    for _ in range(80):
        world.now_ms += 30_000
        world.ticks()
    last = {i.incident_id: i.state for i in world.every(Incident)}
    assert set(last.values()) <= {Phase.ESCALATED, Phase.RESOLVED, Phase.CLOSED}


@given(HISTORIES)
def test_the_chain_has_no_gap_and_no_second_content(
    history: list[tuple[int, list[Sighting], random.Random]],
) -> None:
    chains: dict[str, list[Decision]] = {}
    for decision in live(history).every(Decision):
        chains.setdefault(decision.cluster, []).append(decision)
    for decisions in chains.values():
        assert [d.seq for d in decisions] == list(range(1, len(decisions) + 1))


@settings(max_examples=examples(50))
@given(st.lists(sightings(), max_size=12), st.data())
def test_splitting_a_delivery_changes_no_incident(
    seen: list[Sighting], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(seen)))
    whole, split = World(), World()
    whole.sees(*seen)
    split.sees(*seen[:cut])
    split.sees(*seen[cut:])

    def firing(world: World) -> list[str]:
        return sorted(
            key
            for key, entry in world.state.items()
            if key.startswith("alert/") and getattr(entry, "status", "") == "firing"
        )

    assert firing(whole) == firing(split)


def test_every_phase_but_the_last_can_be_left() -> None:
    left = {phase for phase, _ in TRANSITIONS}
    assert left == set(Phase) - {Phase.CLOSED}


def test_a_tape_record_survives_its_own_codec() -> None:
    world = World()
    world.at("0s").fires()
    assert all(isinstance(record, TapeRecord) for _, record in world.tape)
