"""I6 and I7: by the policy, the kill and the freeze in force at the moment of the order."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.codec import encode
from schemas.controls import ALL_CLUSTERS, Control, ControlKind, Switch
from schemas.remediation import Outcome, OutcomeStatus
from schemas.tape import Origin, PolicyPublished, TapeRecord
from schemas.topics import COMMANDS, OUTCOMES, SWITCHES, TAPE, TOPICS, Topic
from streams.audit.auditor import Auditor
from streams.audit.ground import Ground, Kept
from streams.policy.load import digest_of
from streams.steps.effects import InputRecord
from tests.builders import QUICK
from tests.streams.audit.test_commands import ACT, outcome

LOOSE = QUICK.replace("concurrent: 3", "concurrent: 2\n  burst: 5")
TIGHT = QUICK.replace("concurrent: 3", "concurrent: 1\n  burst: 1")


class Log:
    def __init__(self, policy: str = LOOSE) -> None:
        kept = {(topic.noun, 0): Kept(0, 1 << 40) for topic in TOPICS}
        self._auditor = Auditor(Ground(1, kept))
        self._offsets: dict[str, int] = {}
        self.now_ms = 1_000_000
        self.publishes(policy)
        self.later(1_000)

    def publishes(self, policy: str) -> "Log":
        return self._fact(PolicyPublished(digest_of(policy), policy, "ann"), ALL_CLUSTERS)

    def orders(self, name: str, at_ms: int | None = None, **more: Any) -> "Log":
        issued_ms = self.now_ms if at_ms is None else at_ms
        times = {"issued_at_ms": issued_ms, "expires_at_ms": issued_ms + 60_000}
        order = replace(ACT, **{"command_id": name * 32, **times, **more})
        return self._hear(COMMANDS, order)

    def ended(self, name: str) -> "Log":
        """The tape has heard how."""
        return self.ends(name * 32)

    def ends(self, command_id: str) -> "Log":
        return self._fact(outcome(OutcomeStatus.APPLIED, command_id=command_id), "eu-1")

    def announces(self, name: str) -> "Log":
        intent: Outcome = outcome(OutcomeStatus.INTENT, command_id=name * 32)
        return self._hear(OUTCOMES, intent)

    def hears(
        self, kind: ControlKind, cluster: str = ALL_CLUSTERS, until_ms: int = 0, **given: str
    ) -> "Log":
        ends_ms = self.now_ms + until_ms if until_ms else None
        control = Control("c1", cluster, kind, "ann", "", self.now_ms, ends_ms, given)
        return self._fact(control, cluster)

    def switch(self, *, kill: bool, key: str = ALL_CLUSTERS) -> "Log":
        value = Switch(ALL_CLUSTERS, kill, "ann", "", self.now_ms)
        return self._hear(SWITCHES, value, key.encode())

    def later(self, span_ms: int) -> "Log":
        self.now_ms += span_ms
        return self

    def red(self, invariant: str) -> list[str]:
        found = {v.invariant: v for v in self._auditor.finish()}[invariant]
        return [found.first.why] if found.first else []

    def _fact(self, fact: Any, cluster: str) -> "Log":
        return self._hear(TAPE, TapeRecord(cluster, fact, None))

    def repeats(self, control: Control, offset: int) -> "Log":
        origin = Origin("controls", "now", 0, offset, 0)
        return self._hear(TAPE, TapeRecord(control.cluster, control, origin))

    def _hear(self, topic: Topic, value: Any, key: bytes = b"") -> "Log":
        raw = value if isinstance(value, bytes | None) else encode(value)
        offset = self._offsets.get(topic.noun, 0)
        self._offsets[topic.noun] = offset + 1
        self._auditor.hear(InputRecord(topic, 0, offset, self.now_ms, key, raw))
        return self.later(1)


def test_as_many_at_once_as_the_policy_allows_and_not_one_more() -> None:
    assert Log().orders("a").orders("b").red("I6") == []
    assert Log().orders("a").orders("b").orders("c").red("I6") == [
        "is one of 3 actions at once, and 2 are allowed"
    ]


def test_what_has_ended_by_then_is_no_longer_under_way() -> None:
    log = Log().orders("a").orders("b").ended("a")
    assert log.orders("c").red("I6") == []
    early = Log().orders("a").orders("b")
    at_ms = early.now_ms
    assert early.later(5).ended("a").orders("c", at_ms=at_ms).red("I6") != []


def test_an_order_that_was_appended_again_is_one() -> None:
    log = Log().orders("a")
    at_ms = log.now_ms - 1
    assert log.orders("a", at_ms=at_ms).orders("a", at_ms=at_ms).red("I6") == []


def test_the_policy_in_force_then_is_what_counts() -> None:
    log = Log().orders("a").orders("b").later(1_000).publishes(TIGHT)
    assert log.red("I6") == []
    log = Log().orders("a").ended("a").later(1_000).publishes(TIGHT).later(10)
    assert log.orders("b").red("I6") == ["is action 2 within ten seconds, and 1 are allowed"]


@pytest.mark.parametrize(
    ("pause_ms", "many", "why"),
    [
        (9_999, 7, "is action 7 within a minute, and 6 are allowed"),
        (10_000, 7, ""),
        (119_999, 31, "is action 31 within an hour, and 30 are allowed"),
        (120_000, 31, ""),
    ],
)
def test_windows_slide(pause_ms: int, many: int, why: str) -> None:
    """6 in a minute and 30 in an hour, whenever that begins."""
    log = Log()
    for number in range(many):
        log.orders("", command_id=f"{number:032x}")
        log.ends(f"{number:032x}").later(pause_ms - 2)
    assert log.red("I6") == ([why] if why else [])


def test_without_a_policy_nothing_may_be_ordered() -> None:
    assert Log("nonsense").orders("a").red("I6") == ["was ordered while no policy was in force"]


def test_a_promoted_candidate_is_in_force() -> None:
    given = {"digest": digest_of(TIGHT), "source": TIGHT}
    log = Log().hears(ControlKind.CANDIDATE, **given)
    log.hears(ControlKind.PROMOTE, digest=given["digest"]).later(10)
    assert log.orders("a").orders("b").red("I6") != []


def test_nothing_is_ordered_under_a_kill_until_it_ends() -> None:
    log = Log().hears(ControlKind.KILL).later(5)
    assert log.orders("a").red("I7") == [
        "was ordered 6 ms after the kill of * at tape/0/1",
    ]
    over = Log().hears(ControlKind.KILL).later(5).hears(ControlKind.UNKILL)
    assert over.orders("a").red("I7") == []


def test_a_kill_of_another_cluster_stops_nothing_here() -> None:
    assert Log().hears(ControlKind.KILL, "us-1").later(5).orders("a").red("I7") == []
    assert Log().hears(ControlKind.KILL, "eu-1").later(5).orders("a").red("I7") != []


def test_in_the_millisecond_of_the_kill_nobody_can_tell() -> None:
    log = Log().hears(ControlKind.KILL)
    assert log.orders("a", at_ms=log.now_ms - 1).red("I7") == []


def test_a_kill_that_the_core_drops_as_a_repeat_kills_nothing() -> None:
    kill = Control("c1", ALL_CLUSTERS, ControlKind.KILL, "ann", "", 0)
    log = Log().repeats(kill, 5).repeats(replace(kill, kind=ControlKind.UNKILL), 6)
    assert log.repeats(kill, 5).later(5).orders("a").red("I7") == []


def test_a_freeze_lasts_until_its_end_or_until_it_is_ended() -> None:
    frozen = Log().hears(ControlKind.FREEZE, until_ms=1_000, id="f1").later(500)
    assert frozen.orders("a").red("I7") == [
        "was ordered 501 ms after the freeze f1 of * at tape/0/1"
    ]
    over = Log().hears(ControlKind.FREEZE, until_ms=1_000, id="f1").later(1_000)
    assert over.orders("a").red("I7") == []
    ended = Log().hears(ControlKind.FREEZE, until_ms=1_000, id="f1")
    assert ended.hears(ControlKind.UNFREEZE).later(5).orders("a").red("I7") == []


def test_a_freeze_that_the_core_cannot_read_is_none() -> None:
    for given in ({}, {"id": "x" * 65}, {"id": ""}):
        log = Log().hears(ControlKind.FREEZE, until_ms=1_000, **given)
        assert log.later(5).orders("a").red("I7") == []
    assert Log().hears(ControlKind.FREEZE, id="f1").later(5).orders("a").red("I7") == []


def test_an_executor_has_ten_seconds_to_see_a_switch() -> None:
    assert Log().orders("a").switch(kill=True).later(9_000).announces("a").red("I7") == []
    log = Log().orders("a").switch(kill=True).later(11_000)
    assert log.announces("a").red("I7") == [
        "was announced 11001 ms after the kill switch of * at switches/0/0",
    ]
    again = Log().orders("a").switch(kill=True).later(11_000).switch(kill=False)
    assert again.announces("a").red("I7") == []


def test_a_kill_under_another_key_counts_and_ends_by_its_own_alone() -> None:
    log = Log().orders("a").switch(kill=True, key="eu-9").later(11_000)
    assert log.announces("a").red("I7") != []
    other = Log().orders("a").switch(kill=True).switch(kill=False, key="eu-9").later(11_000)
    assert other.announces("a").red("I7") != []


@pytest.mark.parametrize(("value", "stops"), [(b"unreadable", True), (None, False)])
def test_what_may_be_a_kill_is_one_and_a_tombstone_ends_it(
    value: bytes | None, stops: bool
) -> None:
    log = Log().orders("a").switch(kill=True)
    log._hear(SWITCHES, value, b"*")
    assert (log.later(11_000).announces("a").red("I7") != []) is stops


def test_a_kill_that_is_told_again_goes_on_from_its_first_moment() -> None:
    log = Log().orders("a").switch(kill=True).later(6_000).switch(kill=True).later(6_000)
    assert log.announces("a").red("I7") != []
