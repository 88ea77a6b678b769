"""Prometheus cuts a scrape anywhere, and others send each series by itself: it changes nothing."""

import random
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.metrics import Sample
from streams.detect.rules_file import compile_rules
from tests.examples import examples
from tests.streams.detect.texts import SLO
from tests.streams.steps.journal import Journal

RULES = compile_rules(
    """\
version: 1
slos:
  - {file: checkout.slo.yaml, by: [cluster, service]}
detections:
  - {kind: threshold, name: Deep, of: {metric: depth}, by: [cluster], above: 100, for: 30s}
  - {kind: threshold, name: Shallow, of: {metric: depth}, by: [cluster], below: 15, for: 0s}
  - {kind: change, name: Grows, of: {metric: depth}, by: [cluster], above: 0.3, window: 2m, for: 0s}
  - {kind: absence, name: Gone, of: {metric: depth}, by: [cluster, queue], for: 2m}
  - name: Failing
    part: {metric: requests_total, match: ['code=~"5.."']}
    whole: {metric: requests_total}
    by: [cluster, pod]
    window: 1m
    for: 0s
    above: 0.1
    least: 5
""",
    "d.yaml",
    lambda _name: SLO,
)
EVERY_MS = 15_000
SCRAPES = 60


def depth(nth: int) -> float:
    """Together 20, then more and more, then nearly none."""
    return 10.0 + 5 * max(0, nth - 15) if nth < 40 else 4.0


def scrape(nth: int) -> list[Sample]:
    """Errors of two codes, of which one is seen only once there are some; and a queue that goes."""
    queues = ["mail", "web", *["old"] * (nth < 10)]
    found = [Sample("depth", {"queue": queue}, depth(nth)) for queue in queues]
    failed = 40.0 * min(20, max(0, nth - 20))
    counts = {"200": 100.0 * nth, "500": failed, **({"503": failed} if failed else {})}
    for code, value in counts.items():
        found.append(Sample("requests_total", {"service": "checkout", "code": code}, value))
    return found


def never(_nth: int) -> float:
    return 0.0


def told(
    seed: int | None, each_by_itself: bool = False, restarts: Callable[[int], float] = never
) -> list[tuple[str, str]]:
    """Without a seed each scrape is one record. `restarts`: after which share of its records."""
    rng, journal, found = random.Random(seed), Journal(RULES), []
    for nth in range(SCRAPES):
        samples = scrape(nth)
        cuts = [0, len(samples)]
        if seed is not None:
            rng.shuffle(samples)
            places = range(1, len(samples))
            cuts += places if each_by_itself else rng.sample(places, rng.randrange(4))
        bounds = sorted(cuts)
        for start, end in pairwise(bounds):
            piece, at_ms = samples[start:end], nth * EVERY_MS
            for fact in journal.hears(at_ms, *piece, late_ms=40, cluster="eu-1", pod="a"):
                found.append((fact.cluster, repr(fact.fact)))
            if rng.random() < restarts(nth):
                journal.restart()
    return sorted(found)


def levels(facts: list[tuple[str, str]]) -> Counter[str]:
    found = [fact.partition("labels=")[0] for _, fact in facts]
    return Counter(fact for fact in found if "Deep" in fact or "Shallow" in fact)


WHOLE = told(None)


def test_each_rule_begins_and_some_end() -> None:
    names = ("Deep", "Shallow", "Grows", "Gone", "Failing", "burn-1h", "burn-6h")
    said = " ".join(fact for _, fact in WHOLE)
    assert [name for name in names if name not in said] == []
    assert "RESOLVED" in said


@settings(max_examples=examples(25))
@given(st.integers(), st.booleans())
def test_wherever_a_scrape_is_cut_the_same_is_told(seed: int, each_by_itself: bool) -> None:
    assert told(seed, each_by_itself) == WHOLE


@settings(max_examples=examples(25))
@given(st.integers(), st.booleans())
def test_the_rest_of_a_scrape_after_a_restart_is_not_judged_as_all_of_it(
    seed: int, each_by_itself: bool
) -> None:
    """One worker hears three of every four scrapes: it can witness what holds for 30 s."""
    in_every_fourth = told(seed, each_by_itself, lambda nth: 0.5 * (nth % 4 == 0))
    assert levels(in_every_fourth) == levels(WHOLE)


@settings(max_examples=examples(25))
@given(st.integers(), st.booleans(), st.sampled_from([0.1, 0.2, 0.4]))
def test_however_often_it_restarts_nothing_is_told_that_is_not_so(
    seed: int, each_by_itself: bool, often: float
) -> None:
    assert levels(told(seed, each_by_itself, lambda _: often)) <= levels(WHOLE)


def test_whose_clock_is_behind_is_judged_a_little_later_after_a_restart() -> None:
    journal, told = Journal(RULES), []
    for nth in range(8):
        shallow = Sample("depth", {"queue": "mail"}, 4.0)
        told += journal.hears(nth * EVERY_MS, shallow, late_ms=600_000, cluster="eu-1", pod="a")
    (fact,) = told
    assert "Shallow" in repr(fact)
