"""What an alert costs the core, by how many are active and by how many clusters share a partition.

python -m bench.growth
"""

import gc
import json
import sys
from collections.abc import Mapping
from typing import Any

from bench.chart import Line, svg
from bench.decide import BATCH, Bench, alert, cost_us, policy
from schemas import sightings
from schemas.tape import Origin, TapeRecord

ACTIVE = (100, 1_000, 10_000, 100_000)
CLUSTERS = (1, 4, 16, 64)
SPREAD = 12_800
"""Alerts over all clusters together: two full deliveries for each of 64, and then some."""


def figures() -> dict[str, Any]:
    by_active = {active: cost_us(active) for active in ACTIVE}
    by_clusters = {clusters: spread_us(clusters) for clusters in CLUSTERS}
    return {
        "first_us_by_active": {n: round(cost["first"], 2) for n, cost in by_active.items()},
        "repeat_us_by_active": {n: round(cost["repeat"], 2) for n, cost in by_active.items()},
        "repeat_us_by_clusters": {n: round(us, 2) for n, us in by_clusters.items()},
    }


def spread_us(clusters: int, rounds: int = 3) -> float:
    """A repeat's cost where as many alerts as ever are spread over so many clusters."""
    each = SPREAD // clusters
    facts = [
        [
            TapeRecord(
                f"c-{cluster}",
                sightings.pack([alert(n) for n in range(begin, min(begin + BATCH, each))]),
                Origin("alerts", "one", 0, (turn * clusters + cluster) * 1_000 + begin, 0),
            )
            for cluster in range(clusters)
            for begin in range(0, each, BATCH)
        ]
        for turn in range(1 + rounds)
    ]
    bench = Bench(policy())
    bench.feed(facts[0])
    gc.collect()
    return min(bench.feed(again) for again in facts[1:]) / (each * clusters) * 1e6


def charts(found: dict[str, Any]) -> dict[str, str]:
    """By file name."""
    by_active = {
        "seen first": _line(found["first_us_by_active"]),
        "seen again": _line(found["repeat_us_by_active"]),
    }
    by_clusters = {"seen again": _line(found["repeat_us_by_clusters"])}
    up = "µs per alert"
    return {
        "growth.svg": svg("What an alert costs, by active alerts", "active alerts", up, by_active),
        "growth-clusters.svg": svg(
            "12,800 alerts, spread over clusters of one partition", "clusters", up, by_clusters
        ),
    }


def _line(found: Mapping[str, float]) -> Line:
    """JSON has names where there were numbers."""
    return [(float(n), us) for n, us in found.items()]


def main() -> int:
    print(json.dumps(figures(), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
