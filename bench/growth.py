"""What an alert costs the core, by how many are active and by how many clusters share a partition.

python -m bench.growth          prints the figures, and draws docs/growth.svg anew
"""

import gc
import json
import sys
from pathlib import Path
from typing import Any

from bench.chart import svg
from bench.decide import BATCH, Bench, alert, cost_us, policy
from schemas import sightings
from schemas.tape import Origin, TapeRecord

CHART = Path(__file__).parent.parent / "docs" / "growth.svg"
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


def chart(found: dict[str, Any]) -> str:
    lines = {
        "seen first": list(found["first_us_by_active"].items()),
        "seen again": list(found["repeat_us_by_active"].items()),
    }
    return svg("What an alert costs, by active alerts", "active alerts", "µs per alert", lines)


def main() -> int:
    found = figures()
    CHART.write_text(chart(found))
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
