"""What would have been detected of recorded samples, beside what was."""

import gc
import tracemalloc
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.alerts import AlertStatus
from schemas.codec import encode
from schemas.metrics import Sample, Samples
from schemas.tape import Detection
from schemas.topics import METRICS
from streams.desk.backtest import SPELLS_MAX, Backtest, Spell, Spells, compare
from streams.desk.sample_lines import read, written
from streams.detect.rules_file import compile_rules
from streams.reading.faults import FileError
from streams.steps.effects import InputRecord

RULES = compile_rules(
    """\
version: 1
detections:
  - kind: threshold
    name: QueueDeep
    of: {metric: queue_depth}
    by: [cluster, queue]
    above: 100
    for: 1m
    labels: {severity: warning}
"""
)
START_MS = 1_700_006_400_000
MINUTE_MS = 60_000


def record(
    minute: float, values: Mapping[str, float], partition: int = 0, cluster: str = "eu-1"
) -> InputRecord:
    at_ms = START_MS + round(minute * MINUTE_MS)
    samples = tuple(Sample("queue_depth", {"queue": q}, value) for q, value in values.items())
    value = encode(Samples({"cluster": cluster}, at_ms, samples))
    return InputRecord(METRICS, partition, round(minute * 10), at_ms + 40, None, value)


def judged(*records: InputRecord, from_minute: float = 0, to_minute: float = 1000) -> list[Spell]:
    test = Backtest(
        RULES,
        "home",
        START_MS + round(from_minute * MINUTE_MS),
        START_MS + round(to_minute * MINUTE_MS),
    )
    for one in records:
        test.hears(one)
    return test.spells.all()


def minutes(spells: list[Spell]) -> list[tuple[str, float, float | None]]:
    return [
        (
            spell.detection.labels["queue"],
            (spell.since_ms - START_MS) / MINUTE_MS,
            None if spell.until_ms is None else (spell.until_ms - START_MS - 40) / MINUTE_MS,
        )
        for spell in spells
    ]


def busy(partition: int = 0) -> list[InputRecord]:
    """Too deep from minute 2 to 5; another queue from minute 6 on."""
    depths = [
        (m, {"a": 500.0 if 2 <= m < 5 else 5.0, "b": 500.0 if m >= 6 else 5.0}) for m in range(9)
    ]
    return [record(m, values, partition) for m, values in depths]


def test_beginnings_and_ends_with_their_evidence() -> None:
    found = judged(*busy())
    assert minutes(found) == [("a", 3, 5), ("b", 7, None)]
    first = found[0].detection
    assert (first.value, first.threshold) == (500, 100)
    assert first.annotations["explanation"] == "500, to be told when above 100"
    assert [point.value for point in first.series] == [5, 500, 500]


def test_only_what_the_time_that_was_asked_for_has_a_part_in() -> None:
    assert minutes(judged(*busy(), from_minute=5.5)) == [("b", 7, None)]
    assert minutes(judged(*busy(), from_minute=4)) == [("a", 3, 5), ("b", 7, None)]
    assert minutes(judged(*busy(), to_minute=6)) == [("a", 3, 5)]


def test_partitions_are_judged_each_by_itself() -> None:
    """As two workers do: samples that came between do not make others late."""
    split = [record(m, {"a": 500.0}, m % 2) for m in range(5)]
    assert minutes(judged(*split)) == [("a", 4, None)]
    assert minutes(judged(*split[:4])) == []


def test_what_is_no_samples_is_passed_over() -> None:
    junk = InputRecord(METRICS, 0, 1, START_MS, None, b"{}")
    assert minutes(judged(junk, *busy())) == [("a", 3, 5), ("b", 7, None)]


def spell(rule: str, since: int, until: int | None, **labels: str) -> Spell:
    ends_ms = None if until is None else START_MS + until
    firing = Detection(rule, AlertStatus.FIRING, labels, {}, START_MS + since, 1, 1, 1)
    return Spell("eu-1", firing, ends_ms)


def test_the_same_at_the_same_time_at_another_and_not_at_all() -> None:
    mine = [spell("QueueDeep", 10, 20, queue="a"), spell("QueueDeep", 30, None, queue="a")]
    found = compare(RULES, mine, [spell("QueueDeep", 10, 25, queue="a")])
    assert [(row.same, row.recorded is not None) for row in found.would_be] == [
        (True, True),
        (False, False),
    ]
    assert not found.only_recorded
    assert not found.same
    later = [spell("QueueDeep", 12, None, queue="a")]
    (row, _) = compare(RULES, mine, later).would_be
    assert row.recorded is later[0]
    assert not row.same
    assert compare(RULES, mine, mine).same
    fast = [spell("QueueDeep", 10, 5, queue="a")]
    assert compare(RULES, fast, fast).same, "a target's clock may be ahead of the broker's"
    gone = [spell("QueueDeep", 21, 29, queue="a"), spell("QueueDeep", 10, 20, queue="b")]
    assert list(compare(RULES, mine, gone).only_recorded) == [gone[1], gone[0]]


def test_labels_that_a_rule_has_changed_do_not_make_it_another() -> None:
    before = [spell("QueueDeep", 1, 2, queue="a", severity="page")]
    assert compare(RULES, [spell("QueueDeep", 1, 2, queue="a", severity="info")], before).same
    other = [spell("Gone", 1, 2, queue="a", severity="page")]
    assert list(compare(RULES, [], other).only_recorded) == other


def test_an_end_whose_beginning_was_not_read_is_known_by_it() -> None:
    spells = Spells(START_MS, START_MS + 1000)
    ended = Detection("QueueDeep", AlertStatus.RESOLVED, {}, {}, START_MS - 5, 0, 1, 1)
    spells.hears(START_MS + 7, "eu-1", ended)
    (found,) = spells.all()
    assert (found.since_ms, found.until_ms) == (START_MS - 5, START_MS + 7)


def test_a_fact_that_is_on_the_tape_twice_is_one() -> None:
    spells = Spells(START_MS, START_MS + 1000)
    firing = Detection("QueueDeep", AlertStatus.FIRING, {}, {}, START_MS + 5, 1, 1, 1)
    resolved = replace(firing, status=AlertStatus.RESOLVED)
    for at_ms, fact in enumerate((firing, firing, resolved, resolved)):
        spells.hears(START_MS + 10 + at_ms, "eu-1", fact)
    (found,) = spells.all()
    assert (found.since_ms, found.until_ms) == (START_MS + 5, START_MS + 12)


def test_what_is_more_than_is_told_is_counted() -> None:
    test = Backtest(RULES, "home", START_MS, START_MS + 10**12)
    queues, times = 50, SPELLS_MAX // 50 + 1
    for nth in range(3 * times):
        test.hears(record(nth, {f"q{q}": 500.0 if nth % 3 else 5.0 for q in range(queues)}))
    assert len(test.spells.all()) == SPELLS_MAX
    assert test.spells.left_out == queues * times - SPELLS_MAX == 50


def test_a_long_time_needs_no_more_memory_than_a_short_one() -> None:
    def peak(count: int) -> int:
        test = Backtest(RULES, "home", START_MS, START_MS + 10**12)
        gc.collect()
        tracemalloc.start()
        for nth in range(count):
            test.hears(record(nth / 10, {"a": 5.0, "b": 6.0}))
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(100)
    short = peak(500)
    # Two thousand records more are 400 KB on the wire.
    assert peak(2500) < short + 100_000


def test_records_in_a_file_are_those_of_the_topic(tmp_path: Path) -> None:
    file = tmp_path / "samples.jsonl"
    several = [*busy(), *busy(partition=1)]
    file.write_bytes(b"".join(written(one) or b"" for one in several))
    back = list(read(file))
    assert [(r.partition, r.at_ms, r.value) for r in back] == [
        (r.partition, r.at_ms, r.value) for r in several
    ]
    assert minutes(judged(*back)) == minutes(judged(*several))
    assert written(InputRecord(METRICS, 0, 1, 1, None, b"junk")) is None
    nan = written(record(0, {"a": float("nan"), "b": 1.0}))
    assert nan is not None
    file.write_bytes(nan)
    assert minutes(judged(*read(file))) == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "Input data was truncated"),
        ('{"labels": {}, "at_ms": 1}', "Object missing required field `samples`"),
        ('{"labels": {}, "at_ms": 1, "samples": [], "more": 1}', "unknown field `more`"),
        ('{"labels": {}, "at_ms": "x", "samples": []}', "Expected `int`, got `str` - at `$.at_ms`"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str, why: str) -> None:
    file = tmp_path / "samples.jsonl"
    file.write_text('\n{"labels": {}, "at_ms": 1, "samples": []}\n' + line)
    with pytest.raises(FileError) as caught:
        list(read(file))
    assert f"{file}:3:1: no record of samples: " in str(caught.value)
    assert why in str(caught.value)
