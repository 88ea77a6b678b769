"""What `detect` keeps of rules and series that are no more, and what is told of their alerts."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from schemas.metrics import Sample
from schemas.tape import Detection, TapeRecord
from streams.detect.rules_file import Rule, compile_rules
from streams.steps import absences, burning, ratios, watching
from streams.steps.announced import LAST
from streams.steps.effects import LimitedStep
from tests.streams.detect.texts import RULES, SLO
from tests.streams.steps.journal import MINUTE_MS, Journal, depth, told

HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
RATIO = """
  - name: ErrorRatioHigh
    part: {metric: requests_total, match: ['code=~"5.."']}
    whole: {metric: requests_total}
    by: [cluster, service]
    window: 1m
    for: 0s
    above: 0.001
    least: 1
"""


def rules(text: str = RULES + RATIO) -> Sequence[Rule]:
    return compile_rules(text, "d.yaml", lambda _name: SLO)


def requests(minute: int) -> list[Sample]:
    """Half of them fail."""
    labels = {"service": "checkout"}
    return [
        Sample("requests_total", {**labels, "code": code}, 50.0 * minute) for code in ("200", "500")
    ]


def all_firing() -> Journal:
    """A threshold, an absence, a ratio, and the burns of an SLO."""
    journal, fired = Journal(rules()), set[str]()
    for minute in range(61):
        mine = [depth(500), *requests(minute)] + [depth(1, "gone")] * (minute < 3)
        facts = journal.hears(minute * MINUTE_MS, *mine, pod="a", cluster="eu-1")
        fired |= {rule for rule, _ in told(facts)}
    assert fired == {
        "QueueDeep", "QueueGone", "ErrorRatioHigh", "checkout-availability-burn-1h",
        "checkout-availability-burn-6h", "checkout-availability-burn-3d",
    }  # fmt: skip
    return journal


def after(journal: Journal, records: int = 12, since: int = 61) -> list[TapeRecord]:
    """Another target goes on, of which nobody asks anything."""
    return [
        fact
        for minute in range(since, since + records)
        for fact in journal.hears(minute * MINUTE_MS, Sample("up", {}, 1.0), cluster="us-1")
    ]


def test_of_rules_that_are_taken_out_nothing_stays_and_their_alerts_end() -> None:
    journal = all_firing()
    journal.restart([])
    facts = after(journal)
    assert sorted(told(facts)) == [
        ("ErrorRatioHigh", "resolved"), ("QueueDeep", "resolved"), ("QueueGone", "resolved"),
        ("checkout-availability-burn-1h", "resolved"),
        ("checkout-availability-burn-3d", "resolved"),
        ("checkout-availability-burn-6h", "resolved"),
    ]  # fmt: skip
    assert {fact.cluster for fact in facts} == {"eu-1"}
    assert journal.entries.keys() == {LAST}


def test_with_the_rules_unchanged_nothing_is_dropped() -> None:
    journal = all_firing()
    before = dict(journal.entries)
    journal.restart()
    assert not after(journal, 1)
    assert journal.entries == before


def test_an_end_has_the_labels_of_its_beginning_whatever_the_rule_says_now() -> None:
    journal = Journal(rules())
    for second in range(0, 75, 15):
        facts = journal.hears(second * 1000, depth(500), cluster="eu-1")
    begun = facts[0].fact
    journal.restart(rules(RULES.replace("severity: warning", "severity: page")))
    for second in range(75, 120, 15):
        facts += journal.hears(second * 1000, depth(5), cluster="eu-1")
    ended = facts[-1].fact
    assert isinstance(begun, Detection)
    assert isinstance(ended, Detection)
    assert (ended.status, ended.labels) == ("resolved", begun.labels)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("by: [cluster, queue]\n    for: 5m", "by: [cluster]\n    for: 5m"),
        ("by: [cluster, queue]\n    for: 5m", "by: [cluster, queue, pod]\n    for: 5m"),
        ("by: [cluster, queue]\n    above: 100", "by: [cluster, pod]\n    above: 100"),
        ("match: ['queue!=\"dead\"']", "match: ['queue=\"dead\"']"),
        ("name: QueueGone", "name: QueueLost"),
    ],
)
def test_a_rule_that_asks_for_something_else_begins_anew(old: str, new: str) -> None:
    """Where one label more or less was asked for, the worker used to end at the next absence."""
    journal = all_firing()
    assert (RULES + RATIO).count(old) == 1
    journal.restart(rules((RULES + RATIO).replace(old, new)))
    ends = told(after(journal, 3))
    assert ends == [("QueueGone" if "for: 5m" in new or "Lost" in new else "QueueDeep", "resolved")]
    journal.restart()
    for minute in range(70, 90):
        journal.hears(minute * MINUTE_MS, depth(5), depth(1, "x"), pod="a", cluster="eu-1")


def test_another_season_has_another_baseline() -> None:
    journal = Journal()
    for minute in range(5 * 60):
        journal.hears(minute * MINUTE_MS, Sample("cost_per_hour", {}, 10.0), account="a")
    assert [key for key in journal.entries if b"CostOdd" in key]
    journal.restart(rules(RULES.replace("season: none", "season: day")))
    after(journal, 1, since=300)
    assert not [key for key in journal.entries if b"CostOdd" in key]


def test_series_that_never_come_back_leave_nothing_and_what_fired_is_told_as_gone() -> None:
    journal = Journal(rules())
    for nth in range(300):
        for second in (0, 15, 90):
            one = depth(500, f"q{nth}"), *requests(nth * 100 + second)
            journal.hears(nth * 100_000 + second * 1000, *one, pod=f"p{nth}", cluster="eu-1")
    ends = []
    for hour in range(9, 45):
        ends += told(journal.hears(hour * HOUR_MS, Sample("up", {}, 1.0), cluster="eu-1"))
    assert ends.count(("QueueDeep", "resolved")) == 300
    assert ends.count(("ErrorRatioHigh", "resolved")) == 1
    left = {key.split(b"/")[3] for key in journal.entries}
    assert left <= {b"burn", b"burn-minute", b"burn-hour", b"burn-standing", b"told", b"last"}
    assert not [key for key in journal.entries if b"q1" in key]


def test_no_state_is_two_clusters_even_where_by_does_not_name_the_cluster() -> None:
    """An alert began on one cluster's tape and ended on the other's."""
    (rule,) = rules(RULES[: RULES.index("slos")] + RULES[RULES.index("detections") :])[:1]
    journal = Journal([replace(rule, by=("queue",))])
    found = []
    for second in range(0, 150, 15):
        found += journal.hears(second * 1000, depth(500), cluster="eu-1")
        found += journal.hears(second * 1000 + 5, depth(5), cluster="us-1")
    assert [(fact.cluster, *told([fact])[0]) for fact in found] == [("eu-1", "QueueDeep", "firing")]


def test_one_sample_after_a_long_silence_does_not_witness_that_it_held() -> None:
    journal = Journal()
    for second in (0, 15, 30):
        journal.hears(second * 1000, depth(500))
    for second in (3_600, 3_615, 3_645):
        assert not told(journal.hears(second * 1000, depth(500)))
    assert told(journal.hears(3_660_000, depth(500))) == [("QueueDeep", "firing")]


def test_what_a_limit_keeps_out_is_counted_and_has_room_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (watching, absences, ratios):
        monkeypatch.setattr(module, "GROUPS_MAX", 10)
    monkeypatch.setattr(burning, "BUDGETS_MAX", 10)
    journal = Journal(rules())

    def sent(at_ms: int, groups: range) -> None:
        for n in groups:
            mine = [replace_label(s, "service", f"s{n}") for s in requests(at_ms // MINUTE_MS)]
            labels = {"pod": f"p{n}", "service": f"s{n}", "cluster": "eu-1"}
            journal.hears(at_ms, depth(5, f"q{n}"), *mine, **labels)

    for minute in range(3):
        sent(minute * MINUTE_MS, range(25))
    assert isinstance(journal.step, LimitedStep)
    # Of the queue there are two rules that watch single series.
    assert journal.step.left_out == {
        "ratios": 15, "watching": 40, "absences": 15, "burning": 15,
    }  # fmt: skip
    for hour in range(1, 34):
        sent(hour * HOUR_MS, range(20, 23))
    assert journal.step.left_out == dict.fromkeys(journal.step.left_out, 0)
    assert len([key for key in journal.entries if b"burn-minute" in key]) < 2_000


def replace_label(sample: Sample, name: str, value: str) -> Sample:
    return replace(sample, labels={**sample.labels, name: value})


def test_what_is_dropped_is_dropped_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.steps.detect.KEYS_DROPPED_MAX", 20)
    journal = all_firing()
    before = len(journal.entries)
    journal.restart([])
    after(journal, 1)
    assert before - 30 < len(journal.entries) < before
    after(journal, before // 20 + 1, since=62)
    assert journal.entries.keys() == {LAST}


def test_entries_of_a_later_release_stay() -> None:
    journal = Journal()
    journal.entries[b"//1/tide/Rising/x"] = b"{}"
    journal.restart([])
    after(journal, 2)
    assert list(journal.entries) == [b"//1/tide/Rising/x"]
