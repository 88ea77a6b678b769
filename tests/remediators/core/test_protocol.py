"""One announced request, carried to its end: every reply and reading as a line of a timeline.

A `Story` plays what the API answers and collects what the protocol does.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.core import protocol
from remediators.core.patch import add, patch
from remediators.core.protocol import End, Read, Send, Wait
from remediators.core.refusal import Refusal
from remediators.core.reply import Answer, Reply
from remediators.core.request import DELETE, creation, removal, setting
from remediators.core.seen import Seen
from schemas.remediation import OutcomeReason, OutcomeStatus, Target
from tests.remediators.builders import NOW_MS, TTL_MS, command, workload

ACT = command()
PATCHED = patch(ACT, (add(5, "spec", "replicas"),))
HELD = workload()
OURS = workload(generation=5, marker="c1")
MOVED = workload(generation=5)
COVERED = workload(generation=6)
OLDER = workload(generation=3)
OTHER = workload(uid="uid-2", generation=1)
GONE = Reply(Answer.NOT_FOUND, "404")
DARK = Reply(Answer.NEVER_SENT, "refused")
KILLED = Refusal(OutcomeReason.KILLED, "by test")
STEPS_MAX = 1_000

DONE, CONFLICT, BAD = Reply(Answer.DONE), Reply(Answer.CONFLICT), Reply(Answer.UNPROCESSABLE)
LOST, NEVER = Reply(Answer.UNSURE, "cut"), Reply(Answer.NEVER_SENT, "refused")
DENIED, WRONG = Reply(Answer.FORBIDDEN, "403"), Reply(Answer.INVALID, "400")
BUSY = Reply(Answer.THROTTLED, "429", retry_after_ms=3_000)


def play(start, replies, readings, refusal: Callable[[int], Refusal | None] = lambda _: None):
    """The last of each kind repeats. Gives the end, how often it was sent, and how long it took."""
    replies, readings = list(replies), list(readings)
    now_ms, sent, step = NOW_MS, 0, start
    for _ in range(STEPS_MAX):
        attempt, move = step
        match move:
            case End():
                return move, sent, now_ms - NOW_MS
            case Wait(wait_ms):
                now_ms += wait_ms
                step = protocol.before_send(attempt, refusal(now_ms), now_ms)
            case Read(wait_ms):
                now_ms += wait_ms
                seen = readings.pop(0) if len(readings) > 1 else readings[0]
                step = protocol.read(attempt, seen, now_ms)
            case Send():
                on_its_way_ms = protocol.ON_ITS_WAY_MS
                assert now_ms < ACT.expires_at_ms - on_its_way_ms, "there after it expired"
                assert refusal(now_ms) is None, "sent although refused"
                sent += 1
                reply = replies.pop(0) if len(replies) > 1 else replies[0]
                step = protocol.heard(attempt, reply, now_ms)
    raise AssertionError("it does not end")


FRESH = protocol.begin(ACT, PATCHED)
RESUMED = protocol.resume(ACT, PATCHED)

STORIES = [
    # what happens, start, replies, readings, status, reason, sends
    ("done", FRESH, [DONE], [], "applied", "", 1),
    ("lost, and it had happened", FRESH, [LOST], [OURS], "applied", "", 1),
    ("lost, and it had not", FRESH, [LOST, DONE], [HELD], "applied", "", 2),
    ("lost, then the first wins", FRESH, [LOST, BAD], [HELD, OURS], "applied", "", 2),
    ("lost, unreadable, then ours", FRESH, [LOST], [DARK, DARK, OURS], "applied", "", 1),
    ("lost, then moved", FRESH, [LOST], [MOVED], "rejected", "stale", 1),
    ("lost, then another object", FRESH, [LOST], [OTHER], "unknown", "no_answer", 1),
    ("lost, then gone", FRESH, [LOST], [GONE], "unknown", "no_answer", 1),
    ("lost, then put back", FRESH, [LOST], [COVERED], "unknown", "no_answer", 1),
    ("a test failed, then put back", FRESH, [BAD], [COVERED], "rejected", "stale", 1),
    ("resumed, and put back", RESUMED, [], [COVERED], "unknown", "no_answer", 0),
    ("lost for ever", FRESH, [LOST], [DARK], "unknown", "no_answer", 1),
    ("lost again and again", FRESH, [LOST], [HELD], "unknown", "no_answer", None),
    ("a test failed", FRESH, [BAD], [MOVED], "rejected", "stale", 1),
    ("a test failed, by our twin", FRESH, [BAD], [OURS], "applied", "", 1),
    ("a test failed, another object", FRESH, [BAD], [OTHER], "rejected", "stale", 1),
    ("a test failed, then gone", FRESH, [BAD], [GONE], "rejected", "not_found", 1),
    ("422 for its content", FRESH, [BAD], [HELD], "rejected", "invalid", 1),
    ("409, and it moved", FRESH, [CONFLICT], [MOVED], "rejected", "stale", 1),
    ("409 by the way", FRESH, [CONFLICT, CONFLICT, DONE], [HELD], "applied", "", 3),
    ("404", FRESH, [GONE], [], "rejected", "not_found", 1),
    ("403", FRESH, [DENIED], [], "rejected", "forbidden", 1),
    ("400", FRESH, [WRONG], [], "rejected", "invalid", 1),
    ("403 after a loss, and ours", FRESH, [LOST, DENIED], [HELD, OURS], "applied", "", 2),
    ("403 after a loss", FRESH, [LOST, DENIED], [HELD], "unknown", "no_answer", 2),
    ("429, then done", FRESH, [BUSY, DONE], [], "applied", "", 2),
    ("429 for ever", FRESH, [BUSY], [], "failed", "throttled", 40),
    ("down, then done", FRESH, [NEVER, NEVER, DONE], [], "applied", "", 3),
    ("down for ever", FRESH, [NEVER], [], "failed", "api_down", None),
    ("422 after a loss, read too early", FRESH, [LOST, BAD], [HELD, HELD, OURS], "applied", "", 2),
    ("422 after a loss", FRESH, [LOST, BAD], [HELD], "unknown", "no_answer", 2),
    ("lost, read from the past, then ours", FRESH, [LOST], [OLDER, OURS], "applied", "", 1),
    ("lost, and only the past to read", FRESH, [LOST], [OLDER], "unknown", "no_answer", 1),
    ("resumed, 422, read too early", RESUMED, [BAD], [HELD, HELD, OURS], "applied", "", 1),
    ("resumed, read from the past", RESUMED, [DONE], [OLDER, HELD], "applied", "", 1),
    ("resumed, and ours", RESUMED, [], [OURS], "applied", "", 0),
    ("resumed, not sent yet", RESUMED, [DONE], [HELD], "applied", "", 1),
    ("resumed, the killed one's lands first", RESUMED, [BAD], [HELD, OURS], "applied", "", 1),
    ("resumed, and it moved", RESUMED, [], [MOVED], "rejected", "stale", 0),
    ("resumed, and gone", RESUMED, [], [GONE], "unknown", "no_answer", 0),
    ("resumed, dark, then ours", RESUMED, [], [DARK, OURS], "applied", "", 0),
    ("resumed in the dark", RESUMED, [], [DARK], "unknown", "no_answer", 0),
]


@pytest.mark.parametrize("story", STORIES, ids=[s[0] for s in STORIES])
def test_story(story):
    _, start, replies, readings, status, reason, sends = story
    end, sent, _ = play(start, replies, readings)
    assert (end.status.value, end.reason.value) == (status, reason)
    assert sends is None or sent == sends


def test_it_waits_as_long_as_the_server_asks():
    _, _, took_ms = play(FRESH, [BUSY, DONE], [])
    assert took_ms == BUSY.retry_after_ms


def test_a_pause_past_the_expiry_ends_at_the_expiry():
    forever = Reply(Answer.THROTTLED, "429", retry_after_ms=10**9)
    end, sent, took_ms = play(FRESH, [forever], [])
    assert (end.status, end.reason) == (OutcomeStatus.FAILED, OutcomeReason.THROTTLED)
    assert (sent, took_ms) == (1, TTL_MS)


def test_killed_before_the_first_send():
    end, sent, _ = play(FRESH, [], [], lambda _: KILLED)
    assert (end.status, end.reason, sent) == (OutcomeStatus.REJECTED, OutcomeReason.KILLED, 0)


def test_killed_between_two_sends_what_is_under_way_is_still_found_out():
    def later(now_ms):
        return KILLED if now_ms > NOW_MS else None

    end, sent, _ = play(FRESH, [LOST], [HELD, HELD, OURS], later)
    assert (end.status, sent) == (OutcomeStatus.APPLIED, 1)
    end, sent, _ = play(FRESH, [LOST], [HELD], later)
    assert (end.status, sent) == (OutcomeStatus.UNKNOWN, 1)


@pytest.mark.parametrize(("left_ms", "sends"), [(500, False), (501, True)])
def test_in_its_last_half_second_it_is_not_sent(left_ms: int, sends: bool):
    now_ms = ACT.expires_at_ms - left_ms
    _, move = protocol.before_send(protocol.begin(ACT, PATCHED)[0], None, now_ms)
    assert isinstance(move, Send) is sends


def test_resumed_after_the_expiry_it_is_never_sent():
    late = command(issued_at_ms=NOW_MS - 10_000, expires_at_ms=NOW_MS - 1)
    for readings, status in ([[HELD], "unknown"], [[OURS], "applied"], [[MOVED], "rejected"]):
        end, sent, _ = play(protocol.resume(late, PATCHED), [], readings)
        assert (end.status.value, sent) == (status, 0)


THE_POD = Target("eu-1", "shop", "Pod", "web-1")
REMOVING = removal(DELETE, THE_POD, "uid-1")


def pod(uid: str = "uid-1", *, leaving: bool = False) -> Seen:
    return Seen(
        target=THE_POD,
        uid=uid,
        generation=1,
        resource_version="",
        annotations={},
        leaving=leaving,
        body={},
    )


LEAVING, ANOTHER_POD = pod(leaving=True), pod("uid-2")


@pytest.mark.parametrize(
    ("start", "replies", "readings", "status", "sends"),
    [
        (protocol.begin(ACT, REMOVING), [LOST], [LEAVING], "applied", 1),
        (protocol.begin(ACT, REMOVING), [LOST, GONE], [GONE], "applied", 2),
        (protocol.begin(ACT, REMOVING), [LOST, CONFLICT], [ANOTHER_POD], "applied", 2),
        (protocol.begin(ACT, REMOVING), [LOST, DONE], [GONE], "applied", 2),
        (protocol.begin(ACT, REMOVING), [LOST, LOST, GONE], [GONE], "applied", 3),
        (protocol.begin(ACT, REMOVING), [LOST, BUSY], [GONE], "applied", None),
        (protocol.begin(ACT, REMOVING), [CONFLICT], [ANOTHER_POD], "applied", 1),
        (protocol.resume(ACT, REMOVING), [GONE], [GONE], "applied", 1),
        (protocol.resume(ACT, REMOVING), [DONE], [ANOTHER_POD], "applied", 1),
    ],
)
def test_that_a_pod_is_gone_the_server_says_and_not_a_reading(
    start, replies, readings, status, sends
):
    """Which may be of before the pod was there."""
    end, sent, _ = play(start, replies, readings)
    assert end.status.value == status
    assert sends is None or sent == sends


def test_that_a_pod_is_gone_is_believed_when_the_server_may_not_be_asked():
    late = command(issued_at_ms=NOW_MS - 10_000, expires_at_ms=NOW_MS - 1)
    end, sent, _ = play(protocol.resume(late, REMOVING), [], [GONE])
    assert (end.status, sent) == (OutcomeStatus.APPLIED, 0)


FLAG = Target("eu-1", "", "Flag", "checkout/degraded")
SETTING = setting(FLAG, "on")
REPLACING = setting(FLAG, "on", was="off")


def flag(value: str) -> Seen:
    return Seen(
        target=FLAG,
        uid="-",
        generation=1,
        resource_version="",
        annotations={},
        body={"value": value},
    )


@pytest.mark.parametrize(
    ("start", "replies", "readings", "status", "sends"),
    [
        (protocol.begin(ACT, SETTING), [DONE], [], "applied", 1),
        (protocol.begin(ACT, SETTING), [LOST], [flag("on")], "applied", 1),
        (protocol.begin(ACT, SETTING), [LOST], [flag("off"), flag("on")], "applied", 1),
        (protocol.begin(ACT, SETTING), [LOST], [flag("off")], "unknown", 1),
        (protocol.begin(ACT, SETTING), [NEVER, DONE], [], "applied", 2),
        (protocol.begin(ACT, SETTING), [BUSY, DONE], [], "applied", 2),
        (protocol.resume(ACT, SETTING), [DONE], [flag("off")], "unknown", 0),
        (protocol.resume(ACT, SETTING), [DONE], [flag("on")], "applied", 0),
        (protocol.begin(ACT, REPLACING), [BAD], [flag("half")], "rejected", 1),
        (protocol.begin(ACT, REPLACING), [BAD], [flag("off")], "rejected", 1),
        (protocol.begin(ACT, REPLACING), [LOST], [flag("half")], "unknown", 1),
    ],
)
def test_what_could_do_harm_twice_is_never_sent_in_doubt(start, replies, readings, status, sends):
    end, sent, took_ms = play(start, replies, readings)
    assert (end.status.value, sent) == (status, sends)
    assert took_ms < TTL_MS


COMMIT = Target("eu-1", "shop", "Commit", "mendlog-c1")
MAKING = creation(ACT, COMMIT, {"spec": {}})
HALF_WORDS = "a branch, and no pull request"


def commit(unfinished: str = "") -> Seen:
    return Seen(
        target=COMMIT,
        uid="-",
        generation=1,
        resource_version="",
        annotations={"mendlog.io/last-command": "c1"},
        unfinished=unfinished,
        link="" if unfinished else "https://x/1",
        body={},
    )


HALF, WHOLE = commit(HALF_WORDS), commit()
NEW, TAKEN_UP = protocol.begin(ACT, MAKING), protocol.resume(ACT, MAKING)


def begun(reply: Reply) -> Reply:
    return replace(reply, begun=True)


@pytest.mark.parametrize(
    ("start", "replies", "readings", "status", "sends", "words"),
    [
        (NEW, [begun(Reply(Answer.DONE, "https://x/1"))], [], "applied", 1, "https://x/1"),
        (NEW, [begun(LOST)], [WHOLE], "applied", 1, "https://x/1"),
        (NEW, [begun(LOST), begun(DONE)], [HALF], "applied", 2, ""),
        (NEW, [begun(NEVER), begun(DONE)], [], "applied", 2, ""),
        (NEW, [begun(BUSY), begun(DONE)], [], "applied", 2, ""),
        (NEW, [begun(CONFLICT), begun(DONE)], [HALF], "applied", 2, ""),
        (NEW, [begun(BAD), begun(DONE)], [HALF], "applied", 2, ""),
        (NEW, [begun(DENIED)], [HALF], "unknown", 1, f"{HALF_WORDS}: 403"),
        (NEW, [begun(DENIED)], [HALF, WHOLE], "applied", 1, "https://x/1"),
        (NEW, [begun(WRONG)], [HALF], "unknown", 1, f"{HALF_WORDS}: 400"),
        (NEW, [begun(NEVER)], [HALF], "unknown", None, f"{HALF_WORDS}: refused"),
        (NEW, [begun(BUSY)], [HALF], "unknown", None, f"{HALF_WORDS}: 429"),
        (NEW, [DENIED], [], "rejected", 1, "403"),
        (TAKEN_UP, [begun(DONE)], [HALF], "applied", 1, ""),
        (TAKEN_UP, [], [WHOLE], "applied", 0, "https://x/1"),
        (TAKEN_UP, [DENIED], [HALF], "unknown", 1, f"{HALF_WORDS}: 403"),
    ],
)
def test_what_was_begun_is_finished_or_a_human_is_told_what_is_there(
    start, replies, readings, status, sends, words
):
    end, sent, _ = play(start, replies, readings)
    assert (end.status.value, end.detail) == (status, words)
    assert sends is None or sent == sends


def test_stopped_between_the_two_calls_a_human_is_told_what_is_there():
    held = begun(Reply(Answer.HELD_BACK, "stopped"))
    end, sent, _ = play(NEW, [held], [HALF], lambda now_ms: KILLED if now_ms > NOW_MS else None)
    assert (end.status, sent) == (OutcomeStatus.UNKNOWN, 1)
    assert end.detail == f"{HALF_WORDS}: by test"


def test_held_back_at_the_last_moment_it_asks_again():
    end, sent, _ = play(FRESH, [Reply(Answer.HELD_BACK), DONE], [])
    assert (end.status, sent) == (OutcomeStatus.APPLIED, 2)


answers = st.sampled_from([DONE, CONFLICT, BAD, LOST, NEVER, DENIED, WRONG, BUSY, GONE])
sights = st.sampled_from([HELD, OURS, MOVED, OLDER, OTHER, GONE, DARK])


@given(
    st.booleans(), st.lists(answers, min_size=1), st.lists(sights, min_size=1), st.integers(0, 10)
)
def test_whatever_happens_it_ends_and_never_claims_too_much(resumed, replies, readings, kills):
    """A request that may have reached the server is never called rejected or failed unless a
    reading has shown that it can no longer win."""
    start = RESUMED if resumed else FRESH
    end, sent, took_ms = play(
        start,
        replies,
        readings,
        lambda now_ms: KILLED if kills and now_ms > NOW_MS + kills * 500 else None,
    )
    assert end.status.terminal
    assert took_ms < TTL_MS + 30_000
    maybe_sent = resumed or LOST in replies[: max(sent, 1)]
    if end.reason in (OutcomeReason.KILLED, OutcomeReason.API_DOWN, OutcomeReason.THROTTLED):
        assert not resumed
        assert not (sent and LOST in replies[:sent]), (end, replies[:sent])
    if end.status is OutcomeStatus.APPLIED:
        assert DONE in replies[:sent] or replies[-1] == DONE or OURS in readings
    assert maybe_sent or end.status is not OutcomeStatus.UNKNOWN or sent
