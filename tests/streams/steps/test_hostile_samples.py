"""Whatever comes, from whenever, however often the worker is restarted and its rules change."""

import random
from math import inf, isfinite, nan

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.metrics import Sample
from schemas.tape import Detection
from streams.steps.announced import LAST
from tests.examples import examples
from tests.streams.detect.texts import RULES
from tests.streams.steps.journal import START_MS, Journal
from tests.streams.steps.test_detectors_kept import RATIO, rules

METRICS = (
    "queue_depth", "disk_free_bytes", "cost_per_hour", "deployment_generation", "requests_total",
)  # fmt: skip
ODD = (nan, inf, -inf, 1.7e308, 1e150, -1e149, 5e-324, -0.0, 0.0, -1.0, 100.0, 100.0000001)
RULE = rules()
OTHERS = rules(
    (RULES + RATIO)
    .replace("season: none", "season: day")
    .replace("by: [cluster, queue]\n    for: 5m", "by: [cluster]\n    for: 5m")
)
YEAR_1_MS = -62_135_596_800_000
DAY_MS = 86_400_000
STEPS_MS = (0, 1, 1_000, 15_000, 15_000, 15_000, 60_000, 3_600_000)


def scrape(rng: random.Random) -> list[Sample]:
    found = []
    for _ in range(rng.randrange(6)):
        labels = {"queue": rng.choice("ab/,=%\x00"), "code": rng.choice(["200", "500"])}
        if rng.random() < 0.2:
            labels["cluster"] = "somebody-elses"
        value = rng.choice(ODD) if rng.random() < 0.3 else rng.uniform(0, 200)
        found.append(Sample(rng.choice(METRICS), labels, value))
    return found


def odd_time(rng: random.Random, now_ms: int) -> int:
    """In the future, late, at the very beginning, and from where no clock is."""
    apart_ms = rng.choice((-1, 1, -60_000, 290_000, 400_000, -7 * DAY_MS))
    return rng.choice((now_ms + apart_ms, YEAR_1_MS - START_MS, -START_MS, 1 - START_MS, 2**62))


Alert = tuple[str, tuple[tuple[str, str], ...]]


@settings(max_examples=examples(40))
@given(st.integers())
def test_each_alert_ends_on_the_tape_where_it_began_and_leaves_nothing(seed: int) -> None:
    rng, journal, now_ms = random.Random(seed), Journal(RULE), 0
    firing: set[Alert] = set()

    def hears(at_ms: int, *samples: Sample, **target: str) -> None:
        for fact in journal.hears(at_ms, *samples, late_ms=now_ms - at_ms, **target):
            found = fact.fact
            assert isinstance(found, Detection)
            assert isfinite(found.value)
            assert found.labels["cluster"] != "somebody-elses"
            assert found.labels["cluster"] or fact.cluster == "home"
            alert = fact.cluster, tuple(sorted(found.labels.items()))
            assert (alert in firing) is (found.status == "resolved")
            firing.symmetric_difference_update({alert})

    for _ in range(200):
        jump_ms = rng.choice((2 * DAY_MS, -3_600_000))
        now_ms += rng.choice(STEPS_MS) if rng.random() < 0.99 else jump_ms
        at_ms = odd_time(rng, now_ms) if rng.random() < 0.3 else now_ms
        target = {"cluster": rng.choice(["eu", "us", ""]), "pod": rng.choice("pq"), "node": "n"}
        hears(at_ms, *scrape(rng), **target, account="a", service="checkout")
        if rng.random() < 0.03:
            journal.restart(rng.choice([RULE, RULE, OTHERS]))
    journal.restart([])
    for _ in range(30):
        now_ms += 1_000
        hears(now_ms, Sample("up", {}, 1.0))
    assert (firing, journal.entries.keys()) == (set(), {LAST})
