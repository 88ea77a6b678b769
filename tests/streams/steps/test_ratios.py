"""Ratio rules in the detect step: counters in pieces of scrapes, detections out."""

import random
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import encode
from schemas.metrics import Sample, Samples
from schemas.tape import Detection, TapeRecord
from schemas.topics import METRICS
from streams.detect.rule import RatioRule
from streams.detect.rules_file import compile_rules
from streams.steps.detect import DetectStep
from streams.steps.effects import InputRecord
from streams.steps.windowed import WINDOWS, Window, group_key
from tests.streams.steps.journal import START_MS, Journal, told

(RULE,) = compile_rules("""\
version: 1
detections:
  - name: ErrorRatioHigh
    part: {metric: requests_total, match: ['code=~"5.."']}
    whole: {metric: requests_total}
    by: [cluster, deployment]
    window: 1m
    for: 0s
    above: 0.1
    least: 5
""")
assert isinstance(RULE, RatioRule)
TARGET = {"cluster": "eu-1", "deployment": "checkout"}
EVERY_MS = 15_000


def counts(**codes: float) -> tuple[Sample, ...]:
    """`good=3` of code 200, `bad=4` of 500; others by their names."""
    named = {"good": "200", "bad": "500"}
    return tuple(
        Sample("requests_total", {"code": named.get(code, code.strip("_"))}, value)
        for code, value in codes.items()
    )


def ran(journal: Journal, *scrapes: tuple[float, float], since: int = 0) -> list[TapeRecord]:
    """(good, bad) every quarter of a minute."""
    return [
        fact
        for nth, (good, bad) in enumerate(scrapes, since)
        for fact in journal.hears(nth * EVERY_MS, *counts(good=good, bad=bad), pod="a", **TARGET)
    ]


CALM = [(100.0 * n, 0.0) for n in range(5)]
WORSE = [(450.0, 50.0), (500.0, 100.0)]


def detections(facts: list[TapeRecord]) -> list[Detection]:
    return [fact.fact for fact in facts if isinstance(fact.fact, Detection)]


def test_it_is_told_once_when_it_begins_to_hold_and_once_when_it_ceases() -> None:
    journal = Journal([RULE])
    assert not ran(journal, *CALM)
    facts = ran(journal, *WORSE, since=5)
    assert [fact.cluster for fact in facts] == ["eu-1"]
    (found,) = detections(facts)
    assert (found.rule, found.status, found.value) == ("ErrorRatioHigh", "firing", 0.125)
    assert found.labels == {**TARGET, "alertname": "ErrorRatioHigh"}
    assert [p.value for p in found.series] == [0.0, 0.0, 0.0, 0.0, 0.125]
    calm_again = [(500.0 + 100 * n, 100.0) for n in range(1, 6)]
    (ended,) = detections(ran(journal, *calm_again, since=7))
    assert (ended.status, ended.since_ms) == ("resolved", found.since_ms)


def test_a_window_with_too_little_in_it_is_inconclusive_and_waiting_begins_anew() -> None:
    journal = Journal([replace(RULE, for_ms=120_000)])
    assert not ran(journal, *CALM, *WORSE)
    quiet = [WORSE[-1]] * 6
    assert not ran(journal, *quiet, (500.0, 110.0), since=7)
    again = [(500.0, 110.0 + 10 * n) for n in range(1, 9)]
    assert not ran(journal, *again[:-1], since=14)
    assert told(ran(journal, again[-1], since=21)) == [("ErrorRatioHigh", "firing")]


def test_a_window_that_is_not_filled_is_never_clear() -> None:
    """A worker that has lost its windows, in the middle of a fault that pauses."""
    journal = Journal([RULE])
    assert told(ran(journal, *CALM, *WORSE)) == [("ErrorRatioHigh", "firing")]
    journal.table = type(journal.table)()
    journal.restart()
    calm = [(500.0 + 100 * n, 100.0) for n in range(5)]
    assert not ran(journal, *calm[:4], since=7)
    assert told(ran(journal, calm[4], since=11)) == [("ErrorRatioHigh", "resolved")]


def test_a_restart_with_its_windows_changes_nothing() -> None:
    for stop in range(1, 12):
        journal = Journal([RULE])
        history = [*CALM, *WORSE, *[(500.0 + 100 * n, 100.0) for n in range(1, 6)]]
        whole = detections(ran(journal, *history[:stop]))
        journal.restart()
        whole += detections(ran(journal, *history[stop:], since=stop))
        found = [(one.status, one.since_ms - START_MS, one.value) for one in whole]
        assert found == [("firing", 75_000, 0.125), ("resolved", 75_000, 0.0)], stop


def test_what_was_stored_is_found_again_when_records_are_read_twice() -> None:
    """After a crash the windows may be ahead of the journal."""
    journal = Journal([RULE])
    ran(journal, *CALM)
    entries = dict(journal.entries)
    first = detections(ran(journal, *WORSE, since=5))
    journal.entries = entries
    journal.restart()
    again = detections(ran(journal, *WORSE, since=5))
    assert [(one.since_ms, one.value) for one in again] == [
        (one.since_ms, one.value) for one in first
    ]


def test_what_comes_again_late_or_from_the_future_changes_nothing() -> None:
    journal = Journal([RULE])
    ran(journal, *CALM)
    assert told(ran(journal, *WORSE, since=5)) == [("ErrorRatioHigh", "firing")]
    for nth, (good, bad) in reversed(list(enumerate(CALM))):
        late = counts(good=good, bad=bad)
        assert not journal.hears(nth * EVERY_MS, *late, pod="a", late_ms=100_000, **TARGET)
    far = counts(good=9e9, bad=100)
    assert not journal.hears(3_600_000, *far, pod="a", late_ms=-3_500_000, **TARGET)
    assert not ran(journal, (500.0, 150.0), since=7)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1.7e308])
def test_a_scrape_in_which_a_counter_has_no_value_is_not_judged(value: float) -> None:
    journal = Journal([RULE])
    assert not ran(journal, *CALM, (value, 10.0), (510.0, value))
    journal.restart()


def test_a_counter_that_was_restarted_or_has_vanished_is_no_burst_of_errors() -> None:
    """As a sum, what is left of the counters would look like one that began again from zero."""
    journal = Journal([RULE])
    for nth in range(8):
        both = counts(good=100 * nth, bad=10_000) if nth < 5 else counts(good=100 * nth)
        assert not journal.hears(nth * EVERY_MS, *both, pod="a", **TARGET)


def test_targets_are_added_up_and_each_counts_from_its_second_scrape_on() -> None:
    journal = Journal([RULE])
    for nth in range(6):
        assert not journal.hears(nth * EVERY_MS, *counts(good=100 * nth, bad=0), pod="a", **TARGET)
        late = nth * EVERY_MS + 1_000
        found = journal.hears(late, *counts(good=50 * nth, bad=9_000), pod="b", **TARGET)
        assert not found, "errors of long ago"


def test_no_ratio_is_of_two_clusters() -> None:
    journal = Journal([replace(RULE, by=("deployment",))])
    for nth in range(8):
        for cluster, errors in (("eu-1", 0.0), ("us-1", 20.0)):
            samples = counts(good=100.0 * nth, bad=errors * nth)
            for fact in journal.hears(
                nth * EVERY_MS, *samples, pod="a", deployment="checkout", cluster=cluster
            ):
                assert fact.cluster == "us-1"
                assert told([fact]) == [("ErrorRatioHigh", "firing")]
    assert [key for key in journal.entries if b"us-1" in key]
    assert not [key for key in journal.entries if b"eu-1" in key]


def test_windows_that_a_sender_claims_are_not_believed() -> None:
    samples = Samples(TARGET, START_MS, counts(good=1))
    key = group_key(RULE, samples)
    errors = Window("a", [(START_MS, {"a": [(START_MS, 90.0, 100.0, 60_000)]})])
    calm = Window("a", [(START_MS, {"a": [(START_MS, 0.0, 100.0, 60_000)]})])
    for last, facts in ((calm, 0), (errors, 1)):
        claimed = ((WINDOWS, b"junk"), (WINDOWS, msgspec.json.encode({key: last})))
        record = InputRecord(METRICS, 0, 1, START_MS, None, encode(samples), claimed)
        assert len(DetectStep([RULE], "born", "", {}).apply(record).outputs) == facts


def test_of_a_target_with_too_many_series_the_rest_is_left_out_and_counted() -> None:
    journal = Journal([RULE])
    many = [Sample("requests_total", {"path": str(n), "code": "200"}, 1.0) for n in range(1_200)]
    for nth in range(3):
        journal.hears(nth * EVERY_MS, *many[:700], pod="a", **TARGET)
        journal.hears(nth * EVERY_MS, *many[700:], pod="a", **TARGET)
    assert journal.step.left_out["ratios"] == 200


HISTORY = [*CALM, *WORSE, *[(500.0 + 100 * n, 100.0) for n in range(1, 6)]]
CODES = ("200", "404", "500", "503")


def of_all(nth: int) -> tuple[Sample, ...]:
    """Four series, of which one is born and one ends."""
    good, bad = HISTORY[nth]
    values = {"200": good * 0.75, "404": good * 0.25, "500": bad * 0.5, "503": bad * 0.5}
    if nth < 5:
        del values["503"]
    return tuple(Sample("requests_total", {"code": code}, v) for code, v in values.items())


Told = list[tuple[str, str, int, float]]


def cut(seed: int | None) -> Told:
    """Each scrape of two pods in pieces, in any order; whole without a seed."""
    rng = random.Random(seed)
    journal, found = Journal([RULE]), []
    for nth in range(len(HISTORY)):
        for pod in "ab":
            samples = list(of_all(nth))
            pieces = [samples]
            if seed is not None:
                rng.shuffle(samples)
                places = sorted(rng.choices(range(len(samples) + 1), k=rng.randrange(5)))
                bounds = zip([0, *places], [*places, len(samples)], strict=True)
                pieces = [samples[start:end] for start, end in bounds]
            for piece in pieces:
                at_ms = nth * EVERY_MS + (pod == "b") * 1_000
                found += detections(journal.hears(at_ms, *piece, pod=pod, **TARGET))
    return [(one.rule, str(one.status), one.since_ms - START_MS, one.value) for one in found]


WHOLE = cut(None)


@given(st.integers())
def test_wherever_a_scrape_is_cut_the_detections_are_the_same(seed: int) -> None:
    assert [status for _, status, _, _ in WHOLE] == ["firing", "resolved"]
    assert cut(seed) == WHOLE
