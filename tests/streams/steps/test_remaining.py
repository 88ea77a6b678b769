"""What is left of an error budget: told only where it is known."""

from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from schemas.codec import encode
from schemas.metrics import Sample, Samples
from schemas.topics import METRICS
from streams.detect.rules_file import compile_rules
from streams.host.budgets import NAME, BudgetCollector
from streams.steps.detect import DetectStep
from streams.steps.effects import InputRecord
from streams.steps.remaining import BudgetedStep, Left
from tests.streams.detect.texts import SLO

RULES = compile_rules(
    "version: 1\nslos: [{file: slo.yaml, by: [cluster, service]}]\n", read=lambda _name: SLO
)
START_MS = 1_700_006_400_000
EVERY_MS = 300_000
DAY_MS = 86_400_000
DAY = DAY_MS // EVERY_MS


class World:
    """A service of a thousand requests every five minutes. `bad`: of a hundred thousand."""

    def __init__(self) -> None:
        self.entries: dict[bytes, bytes] = {}
        self.nth = 0
        self.good = self.bad = 0.0
        self.restart()

    def restart(self) -> None:
        self.step = DetectStep(RULES, "born", "home", self.entries)

    @property
    def now_ms(self) -> int:
        return START_MS + self.nth * EVERY_MS

    def lives(self, times: int, bad: float) -> None:
        for _ in range(times):
            self.nth += 1
            self.bad += bad / 100
            self.good += 1000 - bad / 100
            counters = (("200", self.good), ("500", self.bad))
            found = tuple(Sample("requests_total", {"code": c}, value) for c, value in counters)
            target = {"cluster": "eu/1", "service": "checkout", "pod": "checkout-1"}
            value = encode(Samples(target, self.now_ms, found))
            record = InputRecord(METRICS, 0, self.nth, self.now_ms, None, value)
            for key, changed in self.step.apply(record).changes.items():
                if changed is None:
                    self.entries.pop(key, None)
                else:
                    self.entries[key] = changed

    def left(self, later_ms: int = 0) -> list[Left]:
        assert isinstance(self.step, BudgetedStep)
        return list(self.step.budgets_left(self.now_ms + later_ms))

    def page(self, now_ms: int) -> str:
        loop: Any = SimpleNamespace(partition=3, step=self.step)
        plain: Any = SimpleNamespace(partition=0, step=object())
        registry = CollectorRegistry()
        registry.register(BudgetCollector([[plain], [loop]], lambda: now_ms))
        return generate_latest(registry).decode()


@pytest.fixture(scope="module")
def watched() -> World:
    """For thirty days; in the first twenty, half of what one of a thousand would be has failed."""
    world = World()
    assert world.left() == []
    world.lives(20 * DAY, 50)
    assert world.left() == [], "twenty days are not thirty: neither 0 nor 1 would be true"
    world.lives(10 * DAY, 0)
    return world


def test_the_share_that_is_left(watched: World) -> None:
    (found,) = watched.left()
    assert (found.slo, found.group) == (
        "checkout-availability",
        {"cluster": "eu/1", "service": "checkout"},
    )
    assert found.ratio == pytest.approx(1 - 0.5 * 20 / 30, abs=0.01)


def test_a_budget_that_is_not_watched_any_more_is_not_told_of(watched: World) -> None:
    assert watched.left(later_ms=299_000)
    assert watched.left(later_ms=301_000) == []


def test_a_restart_loses_nothing(watched: World) -> None:
    (before,) = watched.left()
    watched.restart()
    (after,) = watched.left()
    assert after.ratio == pytest.approx(before.ratio, abs=0.001)


def test_the_page_has_a_gauge_of_it_or_no_sample(watched: World) -> None:
    (found,) = watched.left()
    lines = [line for line in watched.page(watched.now_ms).splitlines() if line[0] != "#"]
    place = 'cluster="eu/1",partition="3",service="checkout",slo="checkout-availability"'
    assert lines == [f"{NAME}{{{place}}} {found.ratio!r}"]
    assert f"\n{NAME}" not in watched.page(watched.now_ms + DAY_MS)


def test_an_overspent_budget_is_below_nothing(watched: World) -> None:
    overspent = deepcopy(watched)
    overspent.lives(DAY, 5_000)
    (found,) = overspent.left()
    assert found.ratio == pytest.approx(1 - (0.5 * 19 + 50) / 30, abs=0.02)
    assert found.ratio < 0
