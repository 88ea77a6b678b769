"""Events beside what statuses say."""

from typing import Any

import pytest

from streams.ingest.kubernetes.events import STUCK_MS, Notes, note_of
from streams.ingest.kubernetes.facts import of_pod
from streams.ingest.kubernetes.kinds import EVENTS, PODS
from streams.ingest.kubernetes.picture import Picture
from tests.streams.ingest.kubernetes.objects import (
    NOON_MS,
    as_event,
    as_pod,
    event,
    pod,
    status,
    waiting,
)

CREATING = [status(**waiting("ContainerCreating"))]


@pytest.fixture
def picture() -> Picture:
    return Picture()


def note(*given: Any, **more: Any):
    return note_of(as_event(event(*given, **more)))


def fact(**parts: Any):
    return of_pod(as_pod(pod(**parts)))


def test_what_we_say_ourselves_and_what_is_normal_is_not_heard() -> None:
    assert note(reportingComponent="mendlog.io/executor") is None
    assert note(type="Normal") is None
    assert note() is not None


def test_an_event_is_heard_once_for_each_time_that_it_was() -> None:
    notes = Notes()
    assert notes.add(note(count=1))
    assert not notes.add(note(count=1))
    assert notes.add(note(count=2))
    assert not notes.add(note(count=1)), "a list after a watch may be of before"
    series = {"series": {"count": 7, "lastObservedTime": "2026-11-22T12:01:00.000000Z"}}
    assert notes.add(note(count=None, **series))
    assert not notes.add(note(count=None, **series))


@pytest.mark.parametrize("pod_first", [True, False])
def test_why_a_pod_is_stuck_only_events_tell(picture: Picture, pod_first: bool) -> None:
    heard = [(PODS, fact(containers=CREATING)), (EVENTS, note())]
    for kind, found in heard if pod_first else reversed(heard):
        picture.changed(kind, found, NOON_MS)
    (alert,) = picture.board.firing.values()
    assert alert.trouble.labels["alertname"] == "KubernetesPodStuck"
    assert alert.trouble.labels["deployment"] == "checkout"
    assert alert.trouble.description.startswith("FailedMount: MountVolume")
    picture.changed(PODS, fact(), NOON_MS + 1)
    assert not picture.board.firing


def test_a_stuck_pod_of_which_nothing_is_said_any_more_is_not_told(picture: Picture) -> None:
    picture.changed(PODS, fact(containers=CREATING), NOON_MS)
    picture.changed(EVENTS, note(), NOON_MS)
    picture.board.tick(NOON_MS + STUCK_MS)
    assert not picture.board.firing
    picture.listed(EVENTS, [note(uid="e2")], NOON_MS + STUCK_MS)
    assert not picture.board.firing, "a list tells the events of the last hour"


def test_no_event_alone_makes_an_alert_of_a_pod_that_runs(picture: Picture) -> None:
    picture.changed(PODS, fact(), NOON_MS)
    picture.changed(EVENTS, note(), NOON_MS)
    picture.changed(EVENTS, note("BackOff", uid="e3"), NOON_MS)
    assert not picture.board.firing
    assert picture.notes.about("u1").startswith("BackOff: ")


def test_a_stuck_pod_that_a_list_does_not_hold_is_gone(picture: Picture) -> None:
    picture.changed(PODS, fact(containers=CREATING), NOON_MS)
    picture.changed(EVENTS, note(), NOON_MS)
    picture.listed(PODS, [], NOON_MS + 1)
    assert not picture.board.firing


def test_the_newest_is_told_by_its_time_for_a_list_is_sorted_by_name(picture: Picture) -> None:
    newer = note("BackOff", uid="e1", lastTimestamp="2026-11-22T12:00:30Z")
    older = note("Unhealthy", uid="e2", lastTimestamp="2026-11-22T11:40:00Z")
    picture.listed(EVENTS, [newer, older], NOON_MS)
    assert picture.notes.about("u1").startswith("BackOff: ")


def test_why_a_pod_is_stuck_is_not_forgotten_for_what_else_is_said(picture: Picture) -> None:
    other = note("FailedToRetrieveImagePullSecret", uid="e2", lastTimestamp="2026-11-22T12:01:00Z")
    long_ago = note("FailedMount", uid="e3", lastTimestamp="2026-11-22T11:20:00Z")
    picture.listed(EVENTS, [note(), other, long_ago], NOON_MS)
    picture.listed(PODS, [fact(containers=CREATING)], NOON_MS)
    (alert,) = picture.board.firing.values()
    assert alert.trouble.until_ms == NOON_MS + STUCK_MS


@pytest.mark.parametrize("blind", [PODS, EVENTS])
def test_what_nobody_can_see_does_not_end_by_the_clock(picture: Picture, blind: str) -> None:
    picture.changed(PODS, fact(containers=CREATING), NOON_MS)
    picture.changed(EVENTS, note(), NOON_MS)
    picture.tick(NOON_MS + STUCK_MS, [blind])
    assert picture.board.firing, "it may be stuck to this day"
    assert not picture.firing([blind])
    picture.tick(NOON_MS + STUCK_MS)
    assert not picture.board.firing


def test_what_nobody_can_see_is_not_repeated(picture: Picture) -> None:
    picture.changed(PODS, fact(containers=CREATING), NOON_MS)
    picture.changed(EVENTS, note(), NOON_MS)
    assert picture.firing([])
    assert not picture.firing([PODS])
