"""What a sample costs each detector, pure and with its window full; and a whole scrape the detect
step. What all of it takes of a whole worker, `bench.detection` measures.

    python -m bench.detectors
"""

import random
from collections.abc import Callable
from dataclasses import replace
from time import process_time

from schemas.codec import encode
from schemas.metrics import Sample, Samples
from schemas.topics import METRICS
from streams.detect.anomaly import Anomaly
from streams.detect.burn import BURNS, Slo, holds
from streams.detect.change import Change
from streams.detect.forecast import Forecast
from streams.detect.rollup import MINUTE_MS, Reading, Rollup, add
from streams.detect.rule import Selector
from streams.detect.rules_file import Rule
from streams.detect.threshold import Threshold
from streams.detect.verdict import Limit
from streams.detect.watch import Absence, Detector, Watch
from streams.steps.detect import DetectStep
from streams.steps.effects import InputRecord

EVERY_MS = 15_000
HOUR_MS = 3_600_000
SERIES, PER_SCRAPE = 10_000, 100
DETECTORS: dict[str, tuple[Detector, int]] = {
    "threshold": (Threshold(Limit(1e9)), HOUR_MS),
    "change": (Change(Limit(1e9), 10 * MINUTE_MS), HOUR_MS),
    "anomaly": (Anomaly(6.0, "none"), 8 * HOUR_MS),
    "forecast": (Forecast(Limit(1e9), 6 * HOUR_MS, 24 * HOUR_MS), 8 * HOUR_MS),
}
"""With how long they are warmed up."""
EVERYTHING = Selector("m", lambda _labels: True)
SLO = Slo("slo", "checkout", EVERYTHING, EVERYTHING, 0.999, ("n",), {})
RULES: dict[str, Callable[[], Rule]] = {
    **{
        name: lambda detector=detector: Watch("r", EVERYTHING, ("n",), 0, {}, {}, detector)
        for name, (detector, _) in DETECTORS.items()
    },
    "burn": lambda: replace(SLO, by=("pod",)),
    "absence": lambda: Absence("r", EVERYTHING, ("n",), 300_000, {}, {}),
}
"""The burn rate's is of 100 budgets of 100 series."""


def figures() -> dict[str, float]:
    """In microseconds, by detector and what is around it."""
    found = {f"{name}_us": pure(*given) for name, given in DETECTORS.items()}
    found["burn_us"] = burn()
    found["step_us"] = step([])
    found |= {f"step_{name}_us": step([make()]) for name, make in RULES.items()}
    return {name: round(each_s * 1e6, 1) for name, each_s in found.items()}


def main() -> None:
    for name, each_us in figures().items():
        share = each_us * SERIES / (EVERY_MS / 1000) / 1e6
        print(f"{name:20} {each_us:7.1f} µs; 10,000 series at 15 s: {share:6.1%} of a core")


def pure(detector: Detector, warm_ms: int) -> float:
    rng = random.Random(1)
    seen = detector.state()
    at_ms = 0
    while at_ms < warm_ms:
        at_ms += EVERY_MS
        seen, _ = detector.judge(seen, at_ms, rng.gauss(100, 5), True)
    values = [rng.gauss(100, 5) for _ in range(5_000)]
    began_s = process_time()
    for value in values:
        at_ms += EVERY_MS
        seen, _ = detector.judge(seen, at_ms, value, True)
    return (process_time() - began_s) / len(values)


def burn() -> float:
    seen, total, at_ms = Rollup(), 0.0, 0
    while at_ms < 100 * HOUR_MS:
        at_ms, total = at_ms + MINUTE_MS, total + 100
        seen = add(seen, "a", Reading(at_ms, total / 1000, total))
    began_s = process_time()
    for _ in range(2_000):
        at_ms, total = at_ms + EVERY_MS, total + 25
        seen = add(seen, "a", Reading(at_ms, total / 1000, total))
        for each in BURNS:
            holds(SLO, each, seen, at_ms)
    return (process_time() - began_s) / 2_000


def step(rules: list[Rule]) -> float:
    """Of 10,000 series in scrapes of 100, decoding and what is stored included."""
    rng = random.Random(1)
    made = DetectStep(rules, "born", "here", {})
    scrapes = []
    for turn in range(6):
        at_ms = (turn + 1) * EVERY_MS
        for first in range(0, SERIES, PER_SCRAPE):
            some = [
                Sample("m", {"n": str(n)}, rng.gauss(100, 5))
                for n in range(first, first + PER_SCRAPE)
            ]
            value = encode(Samples({"pod": str(first)}, at_ms, tuple(some)))
            scrapes.append(InputRecord(METRICS, 0, len(scrapes), at_ms, None, value))
    for record in scrapes[: SERIES // PER_SCRAPE]:
        made.apply(record)
    began_s = process_time()
    for record in scrapes[SERIES // PER_SCRAPE :]:
        made.apply(record)
    return (process_time() - began_s) / (5 * SERIES)


if __name__ == "__main__":
    main()
