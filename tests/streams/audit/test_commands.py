"""I3 to I5: what executors may say of a command, in which order, and what speaks against them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.codec import encode
from schemas.remediation import (
    Command,
    CommandKind,
    Outcome,
    OutcomeReason,
    OutcomeStatus,
    Request,
    Target,
    Withdrawal,
)
from schemas.topics import COMMANDS, OUTCOMES, TOPICS
from streams.audit.auditor import Asked, Auditor
from streams.audit.checks.calls import Call
from streams.audit.checks.commands import END_WITHIN_MS
from streams.audit.checks.lives import KEPT_MS
from streams.audit.ground import Ground, Kept
from streams.audit.verdict import Verdict
from streams.steps.effects import InputRecord

START_MS = 1_000_000
TARGET = Target("eu-1", "shop", "Deployment", "cart")
REQUEST = Request("PATCH", TARGET, "application/json-patch+json", '[{"uid":"u1"}]')
ACT = Command(
    command_id="a" * 32,
    cluster="eu-1",
    incident_id="i1",
    kind=CommandKind.ACT,
    action="restart",
    target=TARGET,
    parameters={},
    step=0,
    attempt=0,
    issued_at_ms=START_MS,
    expires_at_ms=START_MS + 60_000,
    evidence_partition=0,
    evidence_offset=0,
    uid="u1",
)
APPLIED, REJECTED = OutcomeStatus.APPLIED, OutcomeStatus.REJECTED


class Log:
    """Records as they come, a millisecond apart."""

    def __init__(self, asked: Asked | None = None, kept_from: int = 0) -> None:
        kept = {(topic.noun, 0): Kept(0, 1 << 40) for topic in TOPICS}
        kept[COMMANDS.noun, 0] = Kept(kept_from, 1 << 40)
        self._auditor = Auditor(Ground(1, kept), asked)
        self._offsets = {COMMANDS.noun: kept_from, OUTCOMES.noun: 0}
        self.now_ms = START_MS

    def orders(self, command: Command = ACT) -> "Log":
        return self._hear(COMMANDS, command)

    def withdraws(self) -> "Log":
        named = (ACT.command_id, ACT.cluster, ACT.incident_id, TARGET)
        return self._hear(COMMANDS, Withdrawal(*named, self.now_ms, ACT.expires_at_ms))

    def announces(self, request: Request = REQUEST, **more: Any) -> "Log":
        return self._hear(OUTCOMES, outcome(OutcomeStatus.INTENT, request=request, **more))

    def ends(self, status: OutcomeStatus, **more: Any) -> "Log":
        return self._hear(OUTCOMES, outcome(status, **more))

    def later(self, span_ms: int) -> "Log":
        self.now_ms += span_ms
        return self

    def red(self) -> dict[str, str]:
        return {v.invariant: v.first.why for v in self.verdicts() if v.first and v.violations}

    def verdicts(self) -> tuple[Verdict, ...]:
        return tuple(v for v in self._auditor.finish() if v.invariant in ("I3", "I4", "I5"))

    def _hear(self, topic: Any, value: Any) -> "Log":
        offset = self._offsets[topic.noun]
        self._offsets[topic.noun] += 1
        self._auditor.hear(InputRecord(topic, 0, offset, self.now_ms, b"eu-1", encode(value)))
        self.now_ms += 1
        return self


def outcome(status: OutcomeStatus, **more: Any) -> Outcome:
    said = Outcome(ACT.command_id, "eu-1", "i1", CommandKind.ACT, status, "", 0, "executor-1")
    return replace(said, **more)


def test_two_executors_may_announce_and_conclude_the_same() -> None:
    log = Log().orders().announces().announces(executor="executor-2")
    assert log.ends(APPLIED).ends(APPLIED, executor="executor-2").red() == {}


def test_the_loser_of_a_race_may_say_stale() -> None:
    log = Log().orders().announces().ends(APPLIED)
    assert log.ends(REJECTED, reason=OutcomeReason.STALE.value).red() == {}


def test_stale_first_and_an_effect_after_all_is_a_violation() -> None:
    log = Log().orders().announces().ends(REJECTED, reason=OutcomeReason.STALE.value)
    assert log.ends(APPLIED).red() == {
        "I4": "says applied, and outcomes/0/1 had said rejected",
    }


def test_a_withdrawal_asks_for_no_end_of_its_own_and_may_come_too_late() -> None:
    assert Log().orders().withdraws().ends(REJECTED, reason="condition_cleared").red() == {}
    assert Log().orders().withdraws().announces().ends(APPLIED).red() == {}
    assert Log().orders().announces().withdraws().ends(APPLIED).withdraws().red() == {}


def test_what_was_refused_before_it_was_announced_needs_no_intent() -> None:
    assert Log().orders().ends(REJECTED, reason=OutcomeReason.KILLED.value).red() == {}


def test_an_effect_without_an_intent_is_a_violation() -> None:
    assert Log().orders().ends(APPLIED).red() == {
        "I4": "has an effect that nothing had announced",
    }


def test_an_answer_to_another_incident_is_a_violation() -> None:
    assert set(Log().orders().ends(REJECTED, incident_id="i2").red()) == {"I4"}


def test_outcomes_that_are_heard_before_their_command_are_weighed_all_the_same() -> None:
    assert Log().announces().ends(APPLIED).orders().red() == {}
    assert set(Log().ends(APPLIED).orders().red()) == {"I4"}


def test_an_intent_after_the_expiry_without_an_effect_is_none() -> None:
    log = Log().orders().later(70_000).announces()
    assert log.ends(REJECTED, reason=OutcomeReason.EXPIRED.value).red() == {}


def test_a_request_for_another_object_of_a_part_names_that_ones_uid() -> None:
    """As a drain does, of one pod after the other."""
    pod = Request("EVICT", replace(TARGET, kind="Pod"), "application/json", '{"uid":"pod-1"}')
    assert Log().orders().announces(pod).ends(APPLIED).red() == {}


def test_without_an_end_it_is_under_way_and_then_a_violation() -> None:
    log = Log().orders()
    (_, ends, _) = log.verdicts()
    assert (ends.violations, ends.pending) == (0, 1)
    late = Log().orders().later(60_000 + END_WITHIN_MS + 1)
    late.orders(replace(ACT, command_id="b" * 32, expires_at_ms=late.now_ms + 60_000))
    assert set(late.red()) == {"I4"}


def test_an_end_that_comes_hours_late_is_an_end() -> None:
    log = Log().orders().later(3 * KEPT_MS)
    for number in range(3):
        log.orders(replace(ACT, command_id=f"{number:032x}", expires_at_ms=log.now_ms + 60_000))
    (_, ends, _) = log.ends(REJECTED, reason=OutcomeReason.EXPIRED.value).verdicts()
    assert (ends.violations, ends.pending) == (0, 3)


@pytest.mark.parametrize(("kept_from", "expected"), [(0, {"I4"}), (7, set())])
def test_an_effect_of_no_command_is_a_violation_unless_it_may_be_forgotten(
    kept_from: int, expected: set[str]
) -> None:
    log = Log(kept_from=kept_from).orders(replace(ACT, command_id="b" * 32)).announces()
    found = log.ends(APPLIED)
    assert set(found.red()) == expected


def call(log: Log, **more: Any) -> Call:
    fields = {"at_ms": log.now_ms, "path": "/deployments/cart", "body": REQUEST.body}
    return Call(**{**fields, "status": 200, "command_id": ACT.command_id, **more})


def with_calls(tmp_path: Path, *calls: dict[str, Any]) -> dict[str, str]:
    path = tmp_path / "calls"
    log = Log(Asked(calls=path)).orders().announces().later(1_000)
    lines = [msgspec.json.encode(call(log, **more)) for more in calls]
    path.write_bytes(b"\n".join(lines))
    return log.ends(APPLIED).red()


def test_the_same_bytes_may_be_sent_twice_if_one_of_them_loses(tmp_path: Path) -> None:
    assert with_calls(tmp_path, {}, {"status": 422}, {"status": 0}) == {}


def test_a_yes_to_what_is_going_anyway_is_no_effect(tmp_path: Path) -> None:
    assert with_calls(tmp_path, {}, {"idle": True}) == {}


def test_two_that_win_are_two_effects(tmp_path: Path) -> None:
    assert set(with_calls(tmp_path, {}, {})) == {"I3"}


def test_other_bytes_than_were_announced_are_nobodys(tmp_path: Path) -> None:
    assert set(with_calls(tmp_path, {"body": "[]"})) == {"I4"}


def test_the_bytes_under_another_commands_marker_are_nobodys(tmp_path: Path) -> None:
    assert set(with_calls(tmp_path, {"command_id": "b" * 32})) == {"I4"}


def test_what_is_asked_for_before_its_intent_is_a_violation(tmp_path: Path) -> None:
    assert set(with_calls(tmp_path, {"at_ms": START_MS})) == {"I4"}
