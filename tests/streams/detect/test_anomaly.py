"""Anomalies: quiet on noise of any kind, loud on what is wrong, and in words why."""

import random
from collections.abc import Callable, Iterator
from math import pi, sin

import msgspec
import pytest

from streams.detect.anomaly import HOUR_MS, HOURS_KEPT, SLOTS, Anomaly, Baseline

STEP_MS = 60_000
DAY_MS = 24 * HOUR_MS
FALSE_MOST = 0.001
Noise = Callable[[random.Random, int], float]


def normal(rng: random.Random, _at_ms: int) -> float:
    return rng.gauss(100, 5)


def heavy_tailed(rng: random.Random, _at_ms: int) -> float:
    """Student's t with three degrees of freedom."""
    chi_squared = sum(rng.gauss(0, 1) ** 2 for _ in range(3))
    return 100 + 5 * rng.gauss(0, 1) / (chi_squared / 3) ** 0.5


def daily(rng: random.Random, at_ms: int) -> float:
    return 100 + 50 * sin(2 * pi * at_ms / DAY_MS) + rng.gauss(0, 5)


def daily_heavy_tailed(rng: random.Random, at_ms: int) -> float:
    return 50 * sin(2 * pi * at_ms / DAY_MS) + heavy_tailed(rng, at_ms)


NOISES = [
    pytest.param(normal, "none", id="normal"),
    pytest.param(heavy_tailed, "none", id="heavy-tailed"),
    pytest.param(normal, "day", id="normal-by-day"),
    pytest.param(daily, "day", id="daily"),
    pytest.param(daily_heavy_tailed, "day", id="daily-heavy-tailed"),
    pytest.param(daily, "week", id="daily-by-week"),
]
LEARNED_MS = {"none": 6 * HOUR_MS, "day": 4 * DAY_MS, "week": 22 * DAY_MS}
DETECTOR = {season: Anomaly(6.0, season) for season in SLOTS}


def run(
    detector: Anomaly, seen: Baseline, values: Iterator[tuple[int, float]], learn: bool = True
) -> tuple[Baseline, list[bool | None]]:
    found = []
    for at_ms, value in values:
        seen, verdict = detector.judge(seen, at_ms, value, learn)
        found.append(verdict.holds)
    return seen, found


def samples(
    noise: Noise, rng: random.Random, since_ms: int, span_ms: int
) -> Iterator[tuple[int, float]]:
    for at_ms in range(since_ms, since_ms + span_ms, STEP_MS):
        yield at_ms, noise(rng, at_ms)


@pytest.mark.parametrize(("noise", "season"), NOISES)
def test_of_a_thousand_samples_of_noise_at_most_one_is_told(noise: Noise, season: str) -> None:
    told = judged = 0
    for seed in range(2 if season == "week" else 5):
        rng = random.Random(seed)
        span_ms = LEARNED_MS[season] + 3 * DAY_MS
        _, found = run(DETECTOR[season], Baseline(), samples(noise, rng, 0, span_ms))
        told += sum(holds is True for holds in found)
        judged += sum(holds is not None for holds in found)
    print(f"false positives: {told} of {judged} samples, {told / judged:.5%}")
    assert judged > 3_000
    assert told <= FALSE_MOST * judged


FAULTS = {
    "up by 10 deviations": (lambda v: v + 50, 0.95),
    "doubled": (lambda v: v * 2, 0.9),
    "nothing left": (lambda _v: 0.0, 0.9),
    "up by 4 deviations": (lambda v: v + 20, 0.0),
}
"""What 20 minutes of the fault do to a value, and the least recall."""


@pytest.mark.parametrize(("noise", "season"), [NOISES[0], NOISES[1], NOISES[3]])
def test_faults_that_were_put_in_are_found(noise: Noise, season: str) -> None:
    detector = DETECTOR[season]
    rng = random.Random(7)
    learned, _ = run(detector, Baseline(), samples(noise, rng, 0, LEARNED_MS[season]))
    for name, (broken, least) in FAULTS.items():
        found, waited = 0, []
        for trial in range(40):
            began_ms = LEARNED_MS[season] + trial * 36 * STEP_MS
            quiet, _ = run(detector, learned, samples(noise, rng, began_ms, 10 * STEP_MS))
            faulty = samples(noise, rng, began_ms + 10 * STEP_MS, 20 * STEP_MS)
            _, holds = run(detector, quiet, ((at_ms, broken(v)) for at_ms, v in faulty))
            if True in holds:
                found += 1
                waited.append(holds.index(True) + 1)
        after = sum(waited) / len(waited) if waited else 0.0
        print(f"{name}: recall {found / 40:.0%}, told after {after:.1f} samples on average")
        assert found / 40 >= least, name


def test_until_the_season_was_seen_three_times_all_is_inconclusive() -> None:
    _, found = run(DETECTOR["day"], Baseline(), samples(daily, random.Random(1), 0, 3 * DAY_MS))
    assert set(found) == {None}


def test_two_wild_samples_are_no_anomaly_and_three_of_five_are() -> None:
    rng = random.Random(3)
    seen, _ = run(DETECTOR["none"], Baseline(), samples(normal, rng, 0, 6 * HOUR_MS))
    wild = [(6 * HOUR_MS + n * STEP_MS, 1_000.0) for n in range(3)]
    _, found = run(DETECTOR["none"], seen, iter(wild))
    assert found == [False, False, True]


def test_it_says_why() -> None:
    rng = random.Random(3)
    seen, _ = run(DETECTOR["none"], Baseline(), samples(normal, rng, 0, 6 * HOUR_MS))
    for n in range(3):
        seen, verdict = DETECTOR["none"].judge(seen, 6 * HOUR_MS + n * STEP_MS, 1_000.0, True)
    assert verdict.words.startswith("1000 is the median of 5 samples within 4m; usual")
    assert "deviations away, told above 6" in verdict.words
    assert len(verdict.series) == 60


def test_what_is_rare_but_small_is_nobodys_trouble() -> None:
    steady = iter([(n * STEP_MS, 3.0) for n in range(6 * 60)])
    detector = Anomaly(6.0, "none", least=2.0)
    seen, _ = run(detector, Baseline(), steady)
    _, found = run(detector, seen, iter([((360 + n) * STEP_MS, 4.0) for n in range(5)]))
    assert found == [False] * 5
    _, found = run(detector, seen, iter([((360 + n) * STEP_MS, 6.0) for n in range(5)]))
    assert found[-1] is True


def test_a_frozen_baseline_does_not_take_a_bad_release_for_the_new_usual() -> None:
    """Unfrozen, the same is usual after three hours."""
    rng = random.Random(5)
    seen, _ = run(DETECTOR["none"], Baseline(), samples(normal, rng, 0, 6 * HOUR_MS))
    worse = [(at, v + 80) for at, v in samples(normal, rng, 6 * HOUR_MS, 6 * HOUR_MS)]
    _, learning = run(DETECTOR["none"], seen, iter(worse))
    assert learning[10] is True
    assert learning[-1] is False
    after, frozen = run(DETECTOR["none"], seen, iter(worse), learn=False)
    assert set(frozen[10:]) == {True}
    assert after.slots == seen.slots
    assert after.residuals == seen.residuals


def test_its_state_is_bounded_and_goes_through_a_journal() -> None:
    rng = random.Random(1)
    seen, _ = run(DETECTOR["week"], Baseline(), samples(daily, rng, 0, 7 * 7 * DAY_MS))
    assert {len(medians) for medians in seen.slots} == {HOURS_KEPT}
    stored = msgspec.json.encode(seen)
    assert len(stored) < 16_384
    assert msgspec.json.decode(stored, type=Baseline) == seen
