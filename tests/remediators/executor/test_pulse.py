"""The pulse: time and switches, only as far as a beat of ours has come back."""

import pytest

from remediators.executor.pulse import Pulse
from remediators.ports import Posted
from schemas.codec import DecodeFault, Undecodable
from schemas.controls import Heartbeat, Switch
from schemas.remediation import OutcomeReason
from tests.remediators.builders import NOW_MS


class World:
    """The host's elapsed time is the test's, and its clock too."""

    def __init__(self) -> None:
        self.elapsed_s = 1_000.0
        self.host_ms = NOW_MS
        self.pulse = Pulse(
            None,  # type: ignore[arg-type]
            "me",
            every_s=2.0,
            age_max_s=10.0,
            elapsed_s=lambda: self.elapsed_s,
            host_ms=lambda: self.host_ms,
        )

    def beats(self, way_s: float = 0.0, at_ms: int = NOW_MS) -> None:
        """A beat that the broker takes at `at_ms` and that is back `way_s` after it was sent."""
        beat = self.pulse.next_beat()
        self.elapsed_s += way_s
        self.pulse.hear(Posted("executor/me", at_ms, beat))

    def switch(self, key: str, kill: bool) -> None:
        self.pulse.hear(Posted(key, NOW_MS, Switch(key, kill, "ann", "drill", 0)))

    def reason(self, cluster: str = "eu-1") -> OutcomeReason | None:
        refusal = self.pulse.refusal(cluster)
        return refusal.reason if refusal else None


@pytest.fixture
def world() -> World:
    return World()


def test_before_the_first_beat_there_is_no_time_and_no_leave(world: World):
    assert world.pulse.now_ms() is None
    assert world.reason() is OutcomeReason.NO_HEARTBEAT


def test_time_goes_on_from_the_beat_and_is_never_behind_the_brokers(world: World):
    world.beats(way_s=0.25)
    now_ms = world.pulse.now_ms()
    assert now_ms is not None
    assert NOW_MS + 250 <= now_ms <= NOW_MS + 252
    world.elapsed_s += 3
    assert world.pulse.now_ms() == now_ms + 3_000


def test_ten_seconds_after_the_newest_beat_was_sent_nothing_is_changed(world: World):
    world.beats(way_s=1)
    world.elapsed_s += 9
    assert world.reason() is None
    world.elapsed_s += 0.001
    assert world.reason() is OutcomeReason.NO_HEARTBEAT
    world.beats()
    assert world.reason() is None


def test_a_beat_that_was_stuck_for_too_long_proves_nothing(world: World):
    world.beats(way_s=10.5)
    assert world.pulse.now_ms() is None


@pytest.mark.parametrize("beat", [Heartbeat("other", 1), Heartbeat("me", 1)])
def test_the_beats_of_others_and_of_an_earlier_life_prove_nothing(world: World, beat):
    world.pulse.next_beat()
    world.pulse.hear(Posted("executor/me", NOW_MS, beat))
    assert world.pulse.now_ms() is None


def test_beats_within_one_millisecond_are_told_apart(world: World):
    first, second = world.pulse.next_beat(), world.pulse.next_beat()
    assert first.at_ms < second.at_ms


@pytest.mark.parametrize(("key", "stopped"), [("eu-1", True), ("*", True), ("us-1", False)])
def test_the_kill_switch(world: World, key: str, stopped: bool):
    world.beats()
    world.switch(key, True)
    assert world.reason() is (OutcomeReason.KILLED if stopped else None)
    world.switch(key, False)
    assert world.reason() is None


def test_a_switch_that_is_cleared_is_off(world: World):
    world.beats()
    world.switch("eu-1", True)
    world.pulse.hear(Posted("eu-1", NOW_MS, None))
    assert world.reason() is None


def test_a_kill_counts_under_whatever_key_somebody_has_written_it(world: World):
    world.beats()
    world.pulse.hear(Posted("eu1", NOW_MS, Switch("eu-1", True, "ann", "drill", 0)))
    assert world.reason() is OutcomeReason.KILLED
    world.switch("eu-1", False)
    assert world.reason() is None


def test_a_switch_that_cannot_be_read_is_taken_for_a_kill(world: World):
    world.beats()
    world.pulse.hear(Posted("eu-1", NOW_MS, Undecodable(DecodeFault.UNKNOWN_SCHEMA)))
    assert world.reason() is OutcomeReason.KILLED
    assert world.reason("us-1") is None


def test_who_pulled_it_and_why_is_told(world: World):
    world.beats()
    world.switch("*", True)
    refusal = world.pulse.refusal("eu-1")
    assert refusal is not None
    assert refusal.detail == "by ann: drill"


@pytest.mark.parametrize("ahead_ms", [0, 30_000, -30_000, 30_001, -30_001, 10**9])
def test_the_hosts_clock_is_compared_and_not_used(world: World, ahead_ms: int):
    world.host_ms = NOW_MS + ahead_ms
    world.beats(at_ms=NOW_MS)
    assert world.pulse.skew_ms == ahead_ms
    now_ms = world.pulse.now_ms()
    assert now_ms is not None
    assert abs(now_ms - NOW_MS) <= 1
    assert world.reason() is (OutcomeReason.CLOCK_SKEW if abs(ahead_ms) > 30_000 else None)


def test_a_clock_that_is_right_again_is_believed(world: World):
    world.host_ms = NOW_MS - 60_000
    world.beats()
    refusal = world.pulse.refusal("eu-1")
    assert refusal is not None
    assert refusal.detail == "the host's clock is -60000 ms ahead of the broker's"
    world.host_ms = NOW_MS + 5
    world.beats()
    assert world.reason() is None
