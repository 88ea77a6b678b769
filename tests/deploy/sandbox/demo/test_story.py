"""The demo tells what the topics say, when they say it, and where it can be read again."""

from deploy.sandbox.demo.story import Place, Story
from schemas.alerts import AlertStatus
from schemas.incidents import Incident, TimelineEntry
from schemas.metrics import Sample, Samples
from schemas.remediation import (
    Check,
    Command,
    CommandKind,
    Outcome,
    OutcomeReason,
    OutcomeStatus,
    Target,
)
from schemas.tape import Detection, TapeRecord

FAULT_MS = 1_000_000
TARGET = Target("demo", "shop", "Deployment", "checkout")


def at(topic: str, offset: int = 0) -> Place:
    return Place(f"mendlog.{topic}", 1, offset)


def scrape(failed: float, pod: str = "a") -> Samples:
    return Samples({"pod": pod}, 0, (Sample("checkout_requests_total", {"code": "500"}, failed),))


def detection(status: AlertStatus) -> TapeRecord:
    fact = Detection("ErrorRatioHigh", status, {}, {}, 0, 0.5, 0.1, 3000)
    return TapeRecord("demo", fact)


def command(kind: CommandKind) -> Command:
    return Command("c", "demo", "i", kind, "restart", TARGET, {}, 0, 0, 0, 0, 0, 0)


def outcome(kind: CommandKind, status: OutcomeStatus, **more: object) -> Outcome:
    return Outcome("c", "demo", "i", kind, status, OutcomeReason.NONE, 0, "e", **more)  # type: ignore[arg-type]


def incident(state: str, reason: str = "r", incident_id: str = "i" * 32) -> Incident:
    entry = TimelineEntry(0, 0, state, reason)
    words = (
        incident_id,
        "demo",
        1,
        0,
        state,
        "errors",
        "critical",
        {"deployment": "checkout"},
        "p",
        "",
    )
    return Incident(*words, 0, 0, 0, 0, (), 1, (entry,))


def test_the_whole_loop_is_told_in_order_with_its_places() -> None:
    story = Story(FAULT_MS)
    told = []
    for after_ms, place, record in (
        (500, at("metrics", 3), scrape(4)),
        (900, at("tape", 7), detection(AlertStatus.FIRING)),
        (910, at("incidents"), incident("open")),
        (920, at("commands"), command(CommandKind.LOOK)),
        (950, at("commands", 1), command(CommandKind.ACT)),
        (960, at("outcomes"), outcome(CommandKind.ACT, OutcomeStatus.INTENT)),
        (990, at("outcomes", 1), outcome(CommandKind.ACT, OutcomeStatus.APPLIED)),
        (4000, at("tape", 8), detection(AlertStatus.RESOLVED)),
        (4100, at("outcomes", 2), outcome(CommandKind.VERIFY, OutcomeStatus.CHECKED,
                                          checks=(Check("rollout", True, "3 of 3"),))),
        (6000, at("incidents", 5), incident("resolved", "verified")),
    ):  # fmt: skip
        told += story.hear(place, FAULT_MS + after_ms, record)
    assert [line.what.split(":")[0] for line in told] == [
        "metrics show it",
        "detected",
        "incident iiiiiiii opened",
        "command look restart",
        "command act restart",
        "action intended, on disk before it is done",
        "action applied to the cluster",
        "detection clear",
        "checked",
        "incident resolved",
    ]
    assert str(told[0].place) == "mendlog.metrics/1/3"
    times = (story.detected_at_ms, story.commanded_at_ms, story.acted_at_ms, story.ended_at_ms)
    assert [story.seconds(t) for t in times] == [0.9, 0.95, 0.99, 6.0]
    assert (story.ended, story.end) == (True, "verified")


def test_what_was_before_the_fault_is_not_told_but_remembered() -> None:
    story = Story(FAULT_MS)
    assert not story.hear(at("metrics"), FAULT_MS - 10, scrape(4))
    assert not story.hear(at("metrics"), FAULT_MS + 10, scrape(4)), "no new failures"
    (line,) = story.hear(at("metrics"), FAULT_MS + 20, scrape(6))
    assert "2 failed requests" in line.what


def test_the_first_time_counts_when_a_ladder_is_climbed() -> None:
    story = Story(FAULT_MS)
    for after_ms in (100, 900):
        story.hear(at("commands"), FAULT_MS + after_ms, command(CommandKind.ACT))
    assert story.seconds(story.commanded_at_ms) == 0.1


def test_an_incident_that_goes_to_a_human_ends_the_story() -> None:
    story = Story(FAULT_MS)
    story.hear(at("incidents"), FAULT_MS + 1, incident("open"))
    story.hear(at("incidents"), FAULT_MS + 2, incident("escalated", "ladder_spent"))
    assert (story.ended, story.end) == (True, "escalated")


def test_an_incident_that_clears_before_anything_was_done_goes_on() -> None:
    story = Story(FAULT_MS)
    story.hear(at("incidents"), FAULT_MS + 1, incident("open"))
    story.hear(at("incidents"), FAULT_MS + 2, incident("resolved", "alerts_clear"))
    assert not story.ended


def test_one_that_closes_with_nothing_done_leaves_the_story_to_the_next() -> None:
    story = Story(FAULT_MS)
    for state in ("open", "resolved", "closed"):
        story.hear(at("incidents"), FAULT_MS + 1, incident(state, "alerts_clear"))
    story.hear(at("incidents"), FAULT_MS + 2, incident("open", incident_id="next"))
    story.hear(at("outcomes"), FAULT_MS + 3, outcome(CommandKind.ACT, OutcomeStatus.APPLIED))
    story.hear(at("incidents"), FAULT_MS + 4, incident("resolved", "verified", "next"))
    assert (story.incident_id, story.end) == ("next", "verified")


def test_an_incident_that_clears_after_an_action_is_ended_but_not_verified() -> None:
    story = Story(FAULT_MS)
    story.hear(at("incidents"), FAULT_MS + 1, incident("open"))
    applied = outcome(CommandKind.ACT, OutcomeStatus.APPLIED)
    story.hear(at("outcomes"), FAULT_MS + 2, applied)
    story.hear(at("incidents"), FAULT_MS + 3, incident("resolved", "alerts_clear"))
    assert (story.ended, story.end) == (True, "alerts_clear")


def test_another_incident_does_not_end_it() -> None:
    story = Story(FAULT_MS)
    story.hear(at("incidents"), FAULT_MS + 1, incident("open"))
    story.hear(at("incidents"), FAULT_MS + 2, incident("resolved", incident_id="other"))
    assert not story.ended
