"""Which alerts fire, and what of it is told."""

from typing import Any

import pytest

from schemas.alerts import AlertStatus
from streams.ingest.formats.catalog import read as read_record
from streams.ingest.kubernetes.board import Board
from streams.ingest.kubernetes.delivery import LIFETIME_MS, records
from streams.ingest.kubernetes.pods import OOM_FIRES_MS, STEADY_MS, troubles_of
from streams.ingest.kubernetes.trouble import Trouble
from tests.streams.ingest.kubernetes.objects import NOON_MS, as_pod, ended, pod, status, waiting

CRASHING = [status(restarts=2, last=ended(), **waiting("CrashLoopBackOff"))]
RUNNING = [status(restarts=3, last=ended())]
NO_IMAGE = [status(**waiting("ErrImagePull"))]


@pytest.fixture
def board() -> Board:
    return Board()


def see(board: Board, now_ms: int = NOON_MS, uid: str = "u1", **parts: Any) -> None:
    board.put("pods", uid, troubles_of(as_pod(pod(uid=uid, **parts))), now_ms)


def sightings(board: Board, now_ms: int, broker_ms: int | None = None):
    """What `observe` reads, at the broker's time, of what is news; it is told then."""
    news = board.news()
    at_ms = now_ms if broker_ms is None else broker_ms
    made = []
    for record in records(news, "eu", "mendlog", now_ms):
        headers = dict(record.headers)
        assert (headers["source"], headers["cluster"]) == (b"kubernetes", b"eu")
        parsed = read_record(record.value, "kubernetes", headers["format"].decode(), at_ms)
        assert not parsed.faults
        made += parsed.sightings
    board.told(news)
    return made


def test_an_alert_fires_until_its_condition_is_gone(board: Board) -> None:
    see(board, containers=NO_IMAGE)
    (begun,) = sightings(board, NOON_MS)
    assert begun.status is AlertStatus.FIRING
    assert begun.ends_at_ms == NOON_MS + LIFETIME_MS
    see(board, NOON_MS + 1, containers=NO_IMAGE)
    assert sightings(board, NOON_MS + 1) == []
    see(board, NOON_MS + 2)
    (over,) = sightings(board, NOON_MS + 2)
    assert over.status is AlertStatus.RESOLVED
    assert (over.fingerprint, over.starts_at_ms) == (begun.fingerprint, begun.starts_at_ms)
    assert not board.firing


def test_an_end_is_an_end_although_the_brokers_clock_is_behind(board: Board) -> None:
    see(board, containers=NO_IMAGE)
    sightings(board, NOON_MS)
    see(board, NOON_MS + 60_000)
    (over,) = sightings(board, NOON_MS + 60_000, broker_ms=NOON_MS - 3_600_000)
    assert over.status is AlertStatus.RESOLVED


def test_what_kafka_did_not_take_is_still_news(board: Board) -> None:
    see(board, containers=NO_IMAGE)
    (lost,) = board.news()
    see(board, NOON_MS + 1)
    (over,) = board.news()
    assert over.ended_at_ms == NOON_MS + 1
    board.told([lost])
    assert board.news() == (over,)
    board.told([over])
    assert board.news() == ()


def test_news_that_changes_while_it_is_told_is_told_again(board: Board) -> None:
    see(board, containers=[status(**waiting("ErrImagePull"))])
    told = board.news()
    see(board, NOON_MS + 1, containers=[status(**waiting("ImagePullBackOff"))])
    board.told(told)
    (again,) = board.news()
    assert "ImagePullBackOff" in again.trouble.summary


def test_a_loop_goes_on_while_the_container_runs_for_a_moment(board: Board) -> None:
    see(board, containers=RUNNING)
    assert not board.firing, "one restart is no loop"
    see(board, NOON_MS, containers=CRASHING)
    see(board, NOON_MS + 1, containers=RUNNING)
    see(board, NOON_MS + 2, containers=[status(restarts=3, terminated=ended())])
    see(board, NOON_MS + 3, containers=RUNNING)
    (alert,) = board.firing.values()
    assert alert.starts_at_ms == NOON_MS
    board.tick(NOON_MS + STEADY_MS - 1)
    assert board.firing
    board.tick(NOON_MS + STEADY_MS + 4_000, blind=["pods"])
    assert board.firing, "nobody has seen whether it still runs"
    board.tick(NOON_MS + STEADY_MS + 4_000)
    assert not board.firing
    assert board.news()[0].ended_at_ms == NOON_MS + STEADY_MS


def test_what_begins_again_begins_after_its_end_whatever_its_status_says(board: Board) -> None:
    """As a firing from before it would be a late copy of what is over, and not be heard."""
    since = Trouble({"alertname": "N"}, "n", since_ms=NOON_MS)
    board.put("nodes", "u1", (since,), NOON_MS + 60_000)
    board.put("nodes", "u1", (), NOON_MS + 90_000)
    board.put("nodes", "u1", (since,), NOON_MS + 90_000)
    (alert,) = board.firing.values()
    ended_first, begun = board.news()
    assert begun is alert
    assert alert.starts_at_ms > (ended_first.ended_at_ms or 0) >= NOON_MS + 90_000


def test_a_kill_for_memory_ends_by_the_clock_and_a_later_one_keeps_it(board: Board) -> None:
    def killed(at: str) -> list[dict[str, Any]]:
        return [status(last=ended("OOMKilled", 137, at), running={"startedAt": None})]

    see(board, NOON_MS, containers=killed("2026-11-22T12:00:00Z"))
    see(board, NOON_MS + 300_000, containers=killed("2026-11-22T12:05:00Z"))
    board.tick(NOON_MS + OOM_FIRES_MS)
    (alert,) = board.firing.values()
    assert alert.starts_at_ms == NOON_MS
    board.tick(NOON_MS + 300_000 + OOM_FIRES_MS)
    assert not board.firing
    see(board, NOON_MS + 3_600_000, containers=killed("2026-11-22T12:05:00Z"))
    assert not board.firing, "the status keeps it for months"


def test_what_a_new_list_does_not_hold_has_ended_meanwhile(board: Board) -> None:
    see(board, uid="u1", name="a", containers=NO_IMAGE)
    see(board, uid="u2", name="b", containers=NO_IMAGE)
    board.put("nodes", "u3", (Trouble({"alertname": "N"}, "n"),), NOON_MS)
    sightings(board, NOON_MS)
    still = troubles_of(as_pod(pod("b", uid="u2", containers=NO_IMAGE)))
    board.put_all("pods", {"u2": still, "u4": ()}, NOON_MS + 1)
    (over,) = sightings(board, NOON_MS + 1)
    assert (over.labels["pod"], over.status) == ("a", AlertStatus.RESOLVED)
    assert {alert.uid for alert in board.firing.values()} == {"u2", "u3"}


def test_the_next_pod_of_the_same_name_goes_on_with_the_alert(board: Board) -> None:
    """As with a StatefulSet, where a list after a while has another pod of that name."""
    see(board, uid="old", name="db-0", containers=NO_IMAGE)
    sightings(board, NOON_MS)
    new = troubles_of(as_pod(pod("db-0", uid="new", containers=NO_IMAGE)))
    board.put_all("pods", {"new": new}, NOON_MS + 1)
    assert sightings(board, NOON_MS + 1) == []
    board.put("pods", "new", (), NOON_MS + 2)
    assert not board.firing


def test_an_end_is_never_before_its_begin(board: Board) -> None:
    """Where this machine's clock is set back."""
    see(board, NOON_MS, containers=NO_IMAGE)
    sightings(board, NOON_MS)
    see(board, NOON_MS - 60_000)
    (over,) = sightings(board, NOON_MS - 60_000)
    assert over.ends_at_ms == over.starts_at_ms == NOON_MS


def test_healthy_pods_cost_nothing(board: Board) -> None:
    for number in range(1_000):
        see(board, uid=str(number))
    assert not any(board._objects.values())
