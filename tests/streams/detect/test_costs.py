"""The example rules on costs, over OpenCost's samples of a cluster that grows by day."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.metrics import Sample
from schemas.tape import Detection
from streams.detect.rules_file import load_rules
from tests.streams.steps.journal import START_MS, Journal

RULES = load_rules(Path(__file__).parents[3] / "deploy" / "policies" / "costs.yaml")
STEP_MS = 5 * 60_000
HOUR_MS = 12 * STEP_MS
DAY_MS = 24 * HOUR_MS
LEARNED_MS = 25 * DAY_MS
NODE_COST = 0.68


def nodes(at_ms: int) -> int:
    """More by day than by night, fewer at the weekend, and not quite the same in each hour."""
    rng = random.Random(at_ms // HOUR_MS)
    now = datetime.fromtimestamp((START_MS + at_ms) / 1000, UTC)
    by_day = 24 if 8 <= now.hour < 18 else 12
    return (by_day if now.weekday() < 5 else 8) + rng.randrange(3)


def scrape(count: int, each: float = NODE_COST) -> list[Sample]:
    return [
        Sample("node_total_hourly_cost", {"node": f"ip-10-0-0-{n}", "region": "eu-west-1"}, each)
        for n in range(count)
    ]


def lived(
    journal: Journal, since_ms: int, span_ms: int, more: int = 0, each: float = NODE_COST
) -> list[tuple[int, Detection]]:
    """In minutes after `since_ms`."""
    found = []
    for at_ms in range(since_ms, since_ms + span_ms, STEP_MS):
        samples = scrape(nodes(at_ms) + more, each)
        for fact in journal.hears(at_ms, *samples, cluster="eu-1", instance="opencost:9003"):
            assert isinstance(fact.fact, Detection)
            found.append(((at_ms - since_ms) // 60_000, fact.fact))
    return found


@pytest.fixture(scope="module")
def entries() -> dict[bytes, bytes]:
    """What is known after twenty-five days, in which nothing is told."""
    journal = Journal(RULES)
    assert lived(journal, 0, LEARNED_MS) == []
    return journal.entries


@pytest.fixture
def journal(entries: dict[bytes, bytes]) -> Journal:
    journal = Journal(RULES)
    journal.entries = dict(entries)
    journal.restart()
    assert lived(journal, LEARNED_MS, 2 * HOUR_MS) == []
    return journal


NOW_MS = LEARNED_MS + 2 * HOUR_MS


def test_a_loop_that_scales_is_told_within_the_hour_and_ends(journal: Journal) -> None:
    (minute, found), *more = lived(journal, NOW_MS, 2 * HOUR_MS, more=25)
    assert (found.rule, found.status, found.labels["cluster"]) == (
        "ClusterCostOdd", "firing", "eu-1",
    )  # fmt: skip
    assert minute <= 45
    assert "usual at this hour is" in found.annotations["explanation"]
    assert [p.value for p in found.series][-1] > 20
    assert not [one for _, one in more if one.rule == "ClusterCostOdd"]
    after = lived(journal, NOW_MS + 2 * HOUR_MS, HOUR_MS)
    assert [(o.rule, o.status) for _, o in after if o.rule == "ClusterCostOdd"] == [
        ("ClusterCostOdd", "resolved")
    ]


def test_nodes_of_a_dearer_kind_are_told_though_there_are_no_more_of_them(
    journal: Journal,
) -> None:
    found = lived(journal, NOW_MS, HOUR_MS, each=3 * NODE_COST)
    assert found[0][1].rule == "ClusterCostOdd"


def test_the_next_week_is_as_the_weeks_before(journal: Journal) -> None:
    assert lived(journal, NOW_MS, 7 * DAY_MS) == []


def test_a_cost_above_the_budget_is_told_after_an_hour(journal: Journal) -> None:
    """And up to three scrapes later, where nodes have gone and are waited for."""
    found = lived(journal, NOW_MS, 3 * HOUR_MS, more=70)
    (minute,) = [minute for minute, one in found if one.rule == "ClusterCostTooHigh"]
    assert 60 <= minute <= 75
