"""The detectors in the detect step: samples in, detections out, states through a journal."""

from collections.abc import Iterator

import msgspec
import pytest

from schemas.codec import encode
from schemas.metrics import Sample, Samples
from schemas.tape import Detection
from schemas.topics import METRICS
from streams.steps.detect import DetectStep, windowed
from streams.steps.effects import InputRecord
from streams.steps.ratios import Standing as RatioStanding
from tests.streams.steps.journal import MINUTE_MS, RULE, START_MS, Journal, depth, told


@pytest.fixture
def journal() -> Journal:
    return Journal()


def test_a_threshold_is_told_after_for_with_its_evidence(journal: Journal) -> None:
    for second in range(0, 60, 15):
        assert not journal.hears(second * 1000, depth(500), cluster="eu-1")
    (fact,) = journal.hears(60_000, depth(700), cluster="eu-1")
    found = fact.fact
    assert isinstance(found, Detection)
    assert (fact.cluster, found.rule, found.value, found.threshold) == (
        "eu-1",
        "QueueDeep",
        700,
        100,
    )
    assert found.labels == {
        "alertname": "QueueDeep", "cluster": "eu-1", "queue": "mail", "severity": "warning",
    }  # fmt: skip
    assert found.annotations["explanation"] == "700, to be told when above 100"
    assert [p.value for p in found.series] == [500, 500, 500, 500, 700]
    assert told(journal.hears(75_000, depth(5), cluster="eu-1")) == [("QueueDeep", "resolved")]


def test_series_of_one_scrape_stand_by_themselves(journal: Journal) -> None:
    for second in range(0, 75, 15):
        found = journal.hears(second * 1000, depth(500), depth(5, "web"), depth(900, "dead"))
    assert [f.fact.labels["queue"] for f in found if isinstance(f.fact, Detection)] == ["mail"]
    assert found[0].cluster == "home"


def test_no_sample_speaks_for_a_cluster_that_is_not_its_targets(journal: Journal) -> None:
    for second in range(0, 75, 15):
        found = journal.hears(second * 1000, depth(500, cluster="other"), cluster="eu-1")
    (fact,) = found
    assert isinstance(fact.fact, Detection)
    assert (fact.cluster, fact.fact.labels["cluster"]) == ("eu-1", "eu-1")


def test_nor_for_one_where_its_target_names_none(journal: Journal) -> None:
    """It is told on the processor's own tape, and must not say that it is somebody else's."""
    for second in range(0, 75, 15):
        found = journal.hears(second * 1000, depth(500, cluster="other"))
    (fact,) = found
    assert isinstance(fact.fact, Detection)
    assert (fact.cluster, fact.fact.labels["cluster"]) == ("home", "")


def test_what_fires_fires_still_after_a_restart_and_is_not_told_twice(journal: Journal) -> None:
    for second in range(0, 75, 15):
        journal.hears(second * 1000, depth(500))
    journal.restart()
    assert not journal.hears(75_000, depth(500))
    assert told(journal.hears(90_000, depth(5))) == [("QueueDeep", "resolved")]


def test_late_and_repeated_samples_and_those_of_the_future_change_nothing(
    journal: Journal,
) -> None:
    for second in range(0, 60, 15):
        journal.hears(second * 1000, depth(500))
    assert not journal.hears(45_000, depth(5), late_ms=20_000)
    assert not journal.hears(10_000, depth(5), late_ms=60_000)
    assert not journal.hears(3_600_000, depth(5), late_ms=-3_550_000)
    assert told(journal.hears(60_000, depth(500))) == [("QueueDeep", "firing")]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e300])
def test_what_is_no_value_is_not_judged_and_leaves_a_journal_that_can_be_read(
    journal: Journal, value: float
) -> None:
    for minute in range(120):
        journal.hears(minute * MINUTE_MS, depth(value), Sample("cost_per_hour", {}, value))
        assert not told(journal.hears(minute * MINUTE_MS + 1, depth(1)))
    journal.restart()


def absent(journal: Journal, since_s: int, until_s: int) -> Iterator[tuple[int, str, str]]:
    """Another series goes on."""
    for second in range(since_s, until_s, 15):
        for rule, status in told(journal.hears(second * 1000, depth(1, "web"))):
            yield second, rule, status


def test_absence_is_told_when_others_go_on_and_ends_with_a_sample(journal: Journal) -> None:
    journal.hears(0, depth(1), depth(1, "web"))
    assert list(absent(journal, 15, 600)) == [(300, "QueueGone", "firing")]
    assert told(journal.hears(600_000, depth(1))) == [("QueueGone", "resolved")]


def test_where_nothing_at_all_was_heard_nobody_is_absent(journal: Journal) -> None:
    journal.hears(0, depth(1), depth(1, "web"))
    assert not list(absent(journal, 3_600, 3_885))
    assert list(absent(journal, 3_885, 3_930)) == [(3_900, "QueueGone", "firing")]


def test_what_vanished_while_nobody_looked_is_missed_after_a_restart(journal: Journal) -> None:
    journal.hears(0, depth(1), depth(1, "web"))
    journal.restart()
    assert list(absent(journal, 15, 330)) == [(315, "QueueGone", "firing")]


def test_what_is_absent_for_a_day_is_taken_for_gone(journal: Journal) -> None:
    journal.hears(0, depth(1), depth(1, "web"))
    found = list(absent(journal, 15, 26 * 3_600))
    assert [status for _, _, status in found] == ["firing", "resolved"]
    assert not [key for key in journal.entries if b"mail" in key]


def requests(minute: int, failing: bool) -> tuple[Sample, ...]:
    failed = 50.0 * max(0, minute - 100) if failing else 0.0
    codes = {"200": 100.0 * minute - failed, "500": failed}
    labels = {"service": "checkout"}
    return tuple(Sample("requests_total", {**labels, "code": c}, v) for c, v in codes.items())


def burns(journal: Journal, minutes: range, failing: bool = True) -> list[tuple[int, str, str]]:
    return [
        (minute, rule, status)
        for minute in minutes
        for rule, status in told(
            journal.hears(minute * MINUTE_MS, *requests(minute, failing), pod="a", cluster="eu-1")
        )
    ]


def test_a_burning_budget_is_told_and_a_restart_changes_nothing() -> None:
    """Restarted at any minute, it finds the same at the same minutes."""
    whole = Journal()
    expected = burns(whole, range(160))
    assert [rule for _, rule, _ in expected] == [
        "checkout-availability-burn-1h", "checkout-availability-burn-6h",
        "checkout-availability-burn-3d",
    ]  # fmt: skip
    for stop in (1, 59, 60, 61, 102, 103, 119, 130):
        journal = Journal()
        found = burns(journal, range(stop))
        journal.restart()
        assert found + burns(journal, range(stop, 160)) == expected, stop


def test_a_targets_series_may_come_in_several_records_in_any_order() -> None:
    """Prometheus' remote write spreads them over its shards."""
    whole, split = Journal(), Journal()
    expected, found = burns(whole, range(160)), []
    for minute in range(160):
        for sample in requests(minute, True)[:: (-1) ** minute]:
            facts = split.hears(minute * MINUTE_MS, sample, pod="a", cluster="eu-1")
            found += [(minute, rule, status) for rule, status in told(facts)]
    assert found == expected


def test_a_burn_names_what_is_left_of_the_budget(journal: Journal) -> None:
    burns(journal, range(100))
    (fact,) = [
        f for m in range(100, 104)
        for f in journal.hears(m * MINUTE_MS, *requests(m, True), pod="a", cluster="eu-1")
    ]  # fmt: skip
    found = fact.fact
    assert isinstance(found, Detection)
    assert found.labels == {
        "alertname": "checkout-availability-burn-1h", "cluster": "eu-1", "service": "checkout",
        "severity": "page", "slo": "checkout-availability", "team": "shop",
    }  # fmt: skip
    assert "of the error budget is left, as far as was watched" in found.annotations["explanation"]
    assert found.window_ms == 60 * MINUTE_MS
    assert 1 < len(found.series) <= 60


def test_a_rollout_freezes_the_baseline(journal: Journal) -> None:
    """Without it, what came with the rollout is usual after three hours."""
    changes_at = 12 * 60
    told_of: dict[str, list[tuple[int, str]]] = {"with": [], "without": []}
    for account, release in (("with", 2.0), ("without", 1.0)):
        one = Journal()
        for minute in range(changes_at + 8 * 60):
            after = minute >= changes_at
            cost = (90.0 if after else 10.0) + minute % 7
            facts = one.hears(
                minute * MINUTE_MS,
                Sample("deployment_generation", {}, release if after else 1.0),
                Sample("cost_per_hour", {}, cost),
                account=account,
            )
            told_of[account] += [(minute, status) for _, status in told(facts)]
    assert told_of["with"] == [(changes_at + 2, "firing")]
    assert [status for _, status in told_of["without"]] == ["firing", "resolved"]


def costs(journal: Journal, minutes: range, cost: float, account: str = "a") -> list[int]:
    return [
        minute
        for minute in minutes
        for _ in told(
            journal.hears(
                minute * MINUTE_MS,
                Sample("cost_per_hour", {}, cost + minute % 7),
                account=account,
            )
        )
    ]


def test_what_is_usual_is_known_after_a_restart(journal: Journal) -> None:
    assert not costs(journal, range(12 * 60), 10.0)
    journal.restart()
    assert costs(journal, range(12 * 60, 12 * 60 + 10), 90.0) == [12 * 60 + 2]


def test_baselines_are_stored_each_hour_and_not_all_at_once(journal: Journal) -> None:
    stored_at: dict[str, list[int]] = {}
    for account in map(str, range(20)):
        mine = Journal()
        key, before = f"//1/anomaly/CostOdd//{account}".encode(), b""
        for minute in range(5 * 60):
            costs(mine, range(minute, minute + 1), 10.0, account)
            if mine.entries.get(key, b"") != before:
                stored_at.setdefault(account, []).append(minute)
                before = mine.entries[key]
    assert {len(minutes) for minutes in stored_at.values()} <= {5, 6}
    assert len({minutes[-1] for minutes in stored_at.values()}) > 10


def test_a_journal_of_another_version_is_refused(journal: Journal) -> None:
    journal.hears(0, depth(1))
    later = {b"//2/threshold/QueueDeep/x": b"{}"}
    with pytest.raises(ValueError, match="cannot read"):
        DetectStep(RULE, "born", "", later)
    broken = dict.fromkeys(journal.entries, b'{"no":"state"}')
    with pytest.raises(ValueError, match="cannot be read"):
        DetectStep(RULE, "born", "", broken)


def test_a_release_without_detectors_can_read_the_journal(journal: Journal) -> None:
    """All that it knew were standings of ratios, read by this record."""
    burns(journal, range(160))
    costs(journal, range(160, 240), 10.0)
    list(absent(journal, 240 * 60, 250 * 60))
    assert {key.split(b"/")[3] for key in journal.entries} == {
        b"absence", b"anomaly", b"burn", b"burn-hour", b"burn-minute", b"burn-standing", b"last",
        b"told",
    }  # fmt: skip
    for value in journal.entries.values():
        msgspec.json.decode(value, type=RatioStanding)


def test_the_host_remembers_samples_for_ratios_only() -> None:
    class NoWindows:
        def remember(self, *_: object) -> None:
            raise AssertionError("not a ratio")

        def recent(self, *_: object) -> dict[str, list[object]]:
            raise AssertionError("not a ratio")

    value = encode(Samples({}, START_MS, (depth(1),)))
    windowed(RULE)(InputRecord(METRICS, 0, 0, START_MS, None, value), NoWindows())


def test_the_same_samples_give_the_same_bytes() -> None:
    def all_of() -> dict[bytes, bytes]:
        journal = Journal()
        burns(journal, range(160))
        list(absent(journal, 160 * 60, 170 * 60))
        return journal.entries

    assert all_of() == all_of()
