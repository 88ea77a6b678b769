"""Each agent's step: bytes in, effects out."""

import json
from dataclasses import replace

import pytest

from schemas import sightings
from schemas.codec import decode, encode
from schemas.controls import ALL_CLUSTERS, Control, ControlKind
from schemas.rejects import Reject
from schemas.remediation import Command, CommandKind, Outcome, OutcomeStatus, Withdrawal
from schemas.tape import (
    LogicActivated,
    PolicyPublished,
    Sightings,
    TapeRecord,
    Tick,
)
from schemas.topics import (
    ALERTS,
    COMMANDS,
    CONTROLS,
    OUTCOMES,
    REJECTS,
    TAPE,
    TAPE_RECORD_BYTES_MAX,
    TAPE_SIGHTINGS_MAX,
    Topic,
)
from streams.policy.book import PolicyBook
from streams.steps.decide import DecideStep
from streams.steps.effects import Effects, InputRecord, Output
from streams.steps.observe import ObserveStep
from streams.steps.relay import open_relay
from tests.builders import QUICK, START_MS, World


def record(topic: Topic, value: bytes | None, offset: int = 7, **headers: str) -> InputRecord:
    raw = tuple((name.replace("_", "-"), text.encode()) for name, text in headers.items())
    return InputRecord(topic, 1, offset, START_MS, None, value, raw)


def facts(effects: Effects) -> list[TapeRecord]:
    found = [decode(o.value, TapeRecord) for o in effects.outputs if o.topic is TAPE]
    assert all(isinstance(f, TapeRecord) for f in found)
    return found  # type: ignore[return-value]


def rejects(effects: Effects) -> list[Reject]:
    found = [decode(o.value, Reject) for o in effects.outputs if o.topic is REJECTS]
    assert all(isinstance(f, Reject) for f in found)
    return found  # type: ignore[return-value]


def body(count: int, **labels: str) -> bytes:
    return json.dumps(
        [{"labels": {"alertname": "A", "n": str(n), **labels}} for n in range(count)]
    ).encode()


OBSERVE = ObserveStep("born", "")
RELAY = open_relay("born", 4)(1, {})


def test_observe_keeps_a_delivery_together_and_names_its_origin() -> None:
    effects = OBSERVE.apply(record(ALERTS, body(10, cluster="eu-1"), source="prom"))
    (fact,) = facts(effects)
    assert fact.cluster == "eu-1"
    assert isinstance(fact.fact, Sightings)
    assert fact.fact.count == 10
    assert str(fact.origin) == "alerts@born/1/7/0"
    assert {s.source for s in sightings.unpack(fact.fact)} == {"prom"}


def test_observe_splits_a_large_delivery_by_index() -> None:
    effects = OBSERVE.apply(record(ALERTS, body(600, cluster="eu-1", pad="x" * 3000), source="p"))
    got = facts(effects)
    assert sum(f.fact.count for f in got if isinstance(f.fact, Sightings)) == 600
    assert [f.origin.index for f in got if f.origin] == list(range(len(got)))
    for output, fact in zip(effects.outputs, got, strict=True):
        assert len(output.value) <= TAPE_RECORD_BYTES_MAX
        assert isinstance(fact.fact, Sightings)
        assert fact.fact.count <= TAPE_SIGHTINGS_MAX


def test_the_registration_of_a_source_decides_its_cluster_and_not_a_label() -> None:
    effects = OBSERVE.apply(
        record(ALERTS, body(1, cluster="theirs"), source="p", cluster="registered")
    )
    assert [f.cluster for f in facts(effects)] == ["registered"]


def test_alerts_without_a_cluster_are_rejected_and_do_not_cost_the_others() -> None:
    mixed = json.dumps(
        [{"labels": {"alertname": "A"}}, {"labels": {"alertname": "A", "cluster": "eu-1"}}]
    ).encode()
    effects = OBSERVE.apply(record(ALERTS, mixed, source="p"))
    assert [f.cluster for f in facts(effects)] == ["eu-1"]
    assert [r.reason for r in rejects(effects)] == ["no_cluster"]


@pytest.mark.parametrize("cluster", [ALL_CLUSTERS, "*/0"])
def test_no_sender_speaks_for_every_cluster(cluster: str) -> None:
    effects = OBSERVE.apply(record(ALERTS, body(2, cluster=cluster), source="p"))
    assert not facts(effects)
    assert [r.reason for r in rejects(effects)] == ["no_cluster"]


@pytest.mark.parametrize(
    "junk", [None, b"", b"\x00\x01", b"\xc3\x01" + b"x" * 20, b"{", b"\xff\xfe"]
)
def test_observe_rejects_junk_with_its_place_and_goes_on(junk: bytes | None) -> None:
    effects = OBSERVE.apply(record(ALERTS, junk, offset=9))
    (reject,) = rejects(effects)
    assert (reject.topic, reject.partition, reject.offset) == ("alerts", 1, 9)
    assert reject.reason
    assert reject.body == (junk or b"")


def test_relay_passes_an_outcome_on_under_its_origin() -> None:
    outcome = Outcome("c", "eu-1", "i", CommandKind.ACT, OutcomeStatus.APPLIED, "", 1, "e")
    (fact,) = facts(RELAY.apply(record(OUTCOMES, encode(outcome))))
    assert fact.fact == outcome
    assert str(fact.origin) == "outcomes@born/1/7/0"


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        (
            Control("1", ALL_CLUSTERS, ControlKind.POLICY, "a", "", 1,
                    parameters={"digest": "d", "source": "s"}),
            PolicyPublished("d", "s", "a"),
        ),
        (
            Control("2", ALL_CLUSTERS, ControlKind.LOGIC, "a", "", 1, parameters={"version": "2"}),
            LogicActivated(2, "a"),
        ),
    ],
)  # fmt: skip
def test_what_concerns_all_clusters_goes_to_every_partition(
    control: Control, expected: object
) -> None:
    effects = RELAY.apply(record(CONTROLS, encode(control)))
    assert [f.fact for f in facts(effects)] == [expected] * 4
    assert [o.partition for o in effects.outputs] == [0, 1, 2, 3]


def test_relay_rejects_a_control_that_lacks_a_parameter() -> None:
    control = Control("1", ALL_CLUSTERS, ControlKind.LOGIC, "a", "", 1, parameters={})
    (reject,) = rejects(RELAY.apply(record(CONTROLS, encode(control))))
    assert reject.reason == "malformed"


@pytest.mark.parametrize(
    "control",
    [
        Control("1", "eu-1", ControlKind.POLICY, "a", "", 1,
                parameters={"digest": "d", "source": "s"}),
        Control("2", "eu-1", ControlKind.LOGIC, "a", "", 1, parameters={"version": "1"}),
        Control("3", ALL_CLUSTERS, ControlKind.LOGIC, "a", "", 1, parameters={"version": "9" * 30}),
        Control("4", ALL_CLUSTERS, ControlKind.LOGIC, "a", "", 1, parameters={"version": "-1"}),
        Control("5", ALL_CLUSTERS, ControlKind.LOGIC, "a", "", 1, parameters={"version": " 1_0"}),
    ],
    ids=lambda control: control.control_id,
)  # fmt: skip
def test_relay_rejects_a_policy_for_one_cluster_and_a_version_that_is_none(
    control: Control,
) -> None:
    effects = RELAY.apply(record(CONTROLS, encode(control)))
    assert [r.reason for r in rejects(effects)] == ["malformed"]
    assert not facts(effects)


def test_relay_rejects_another_topics_record() -> None:
    tick = encode(TapeRecord(ALL_CLUSTERS, Tick(1)))
    assert [r.reason for r in rejects(RELAY.apply(record(CONTROLS, tick)))] == ["wrong_record"]


def test_decide_writes_to_the_partition_of_its_tape_and_recovers_from_its_entries() -> None:
    step = DecideStep(PolicyBook(), 1, {})
    published = TapeRecord(ALL_CLUSTERS, PolicyPublished("d", QUICK, "a"))
    effects = step.apply(record(TAPE, encode(published), offset=0))
    assert {o.partition for o in effects.outputs} == {1}
    again = DecideStep(PolicyBook(), 1, {k: v for k, v in effects.changes.items() if v is not None})
    assert dict(again.state.items()) == dict(step.state.items())
    assert again.now_ms == START_MS


def ordered_of(tape: list[tuple[int, TapeRecord]], silent_until_ms: int = 0) -> list[Output]:
    """What came of it on `commands`."""
    step = DecideStep(PolicyBook(), 1, {}, silent_until_ms)
    records = (
        replace(record(TAPE, encode(fact), offset), at_ms=at_ms)
        for offset, (at_ms, fact) in enumerate(tape)
    )
    given = (out for each in records for out in step.apply(each).outputs)
    return [out for out in given if out.topic is COMMANDS]


def test_a_withdrawal_stands_behind_its_command_under_its_key() -> None:
    world = World()
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").clears()
    ordered = ordered_of(world.tape)
    assert {(out.partition, out.key) for out in ordered} == {(1, b"eu-1")}
    *_, act, withdrawal = [decode(out.value, Command, Withdrawal) for out in ordered]
    assert isinstance(act, Command)
    assert isinstance(withdrawal, Withdrawal)
    assert withdrawal.command_id == act.command_id


def test_what_has_expired_is_not_withdrawn_again_when_the_state_is_rebuilt() -> None:
    world = World()
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").clears()
    withdrawal = world.only(Withdrawal)
    for until_ms, given in ((withdrawal.expires_at_ms - 1, 2), (withdrawal.expires_at_ms, 0)):
        assert len(ordered_of(world.tape, until_ms)) == given


@pytest.mark.parametrize(
    "value", [b"junk", None, encode(TapeRecord("eu-1", Sightings(1, b"not json")))]
)
def test_decide_rejects_what_it_cannot_read_and_changes_nothing(value: bytes | None) -> None:
    step = DecideStep(PolicyBook(), 0, {})
    effects = step.apply(record(TAPE, value))
    assert len(rejects(effects)) == 1
    assert not effects.changes
    assert not list(step.state.items())


def test_decide_refuses_entries_that_it_cannot_read() -> None:
    with pytest.raises(ValueError, match="kind that this release lacks"):
        DecideStep(PolicyBook(), 0, {b"wizardry/1": b"{}"})
    with pytest.raises(ValueError, match="cannot be read"):
        DecideStep(PolicyBook(), 0, {b"partition": b"[]"})
