"""docs/performance.md: its tables and charts, written anew from the newest result.

python -m bench.report             writes them
python -m bench.report --check     says whether they are what that result says
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import goals, growth
from deploy.tables import Tables, table, with_tables

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "performance.md"
RESULTS = ROOT / "bench" / "results"
NOT_MEASURED = "Not measured in that run."


def newest() -> Path:
    return max(RESULTS.glob("*.json"))


def tables(result: Path) -> Tables:
    found: dict[str, Any] = json.loads(result.read_text())
    return {
        "goals": lambda: table(("", "measured", "goal", ""), goals.rows(found)),
        "cost": lambda: cost(found["processor"]),
        "clusters": lambda: clusters(found["growth"]),
        "sources": lambda: sources(found["parse"]) if "parse" in found else NOT_MEASURED,
        "deliveries": lambda: deliveries(found["parse"]) if "parse" in found else NOT_MEASURED,
        "machine": lambda: machine(result, found["machine"], found["stolen_percent"]),
    }


def machine(result: Path, found: dict[str, Any], stolen: float) -> str:
    name = f"bench/results/{result.name}"
    return (
        f"[{name}](../{name}): {found['cores']} cores, {found['memory_gib']} GiB, "
        f"{found['system']} on {found['architecture']}, Python {found['python']}. "
        f"Of the processors' time that was wanted the host gave {stolen:g} % to others."
    )


def cost(worker: dict[str, Any]) -> str:
    """What an alert costs a worker, by how it comes and by who works."""
    kinds = {
        "Faust's agents": worker,
        "a plain consumer's feed": worker["plain_feed"],
        "two partitions, one worker": worker["workers_1"],
        "two partitions, two workers": worker["workers_2"],
    }
    headings = ("", "first seen", "seen again", "alone in its record")
    rows = [(name, *(_each(found, load) for load in LOADS)) for name, found in kinds.items()]
    return table(headings, rows)


LOADS = ("first", "repeats", "single")


def _each(found: dict[str, Any], load: str) -> str:
    cpu_us = found.get(f"{load}_cpu_us")
    spent = f", {cpu_us:g} µs of CPU" if cpu_us else ""
    return f"{found[f'{load}_per_s']:,}/s{spent}"


def clusters(found: dict[str, Any]) -> str:
    by_active = zip(
        found["first_us_by_active"].items(), found["repeat_us_by_active"].values(), strict=True
    )
    rows = [(f"{int(n):,}", f"{first:g}", f"{repeat:g}") for (n, first), repeat in by_active]
    return table(("active alerts", "first seen, µs", "seen again, µs"), rows)


def sources(found: Mapping[str, Any]) -> str:
    """What an alert of each source's corpus costs."""
    return table(
        ("µs per alert", "alerts", *BY_SOURCE.values()),
        [
            (name, f"{one['alerts']:g}", *_figures(one, BY_SOURCE))
            for name, one in found["formats"].items()
        ],
    )


def deliveries(found: Mapping[str, Any]) -> str:
    """And one of the most used sources, which come by the dozen."""
    return table(
        ("µs per alert", *OF_64.values()),
        [(name, *_figures(one, OF_64)) for name, one in found["deliveries"].items()],
    )


BY_SOURCE = {
    "check_us": "gateway's check",
    "read_us": "`observe`'s reading",
    "values_us": "plain values by msgspec",
}
OF_64 = {
    "check_first_us": "check, first seen",
    "check_again_us": "seen again",
    "read_first_us": "reading, first seen",
    "read_again_us": "seen again",
    "values_us": "plain values by msgspec",
    "python_values_us": "by Python's json",
}


def _figures(one: Mapping[str, float], wanted: Iterable[str]) -> list[str]:
    return [f"{one[name]:.1f}" if name in one else "" for name in wanted]


def documents(result: Path) -> dict[Path, str]:
    """The page and its charts as they should be."""
    drawn = growth.charts(json.loads(result.read_text())["growth"])
    charts = {PAGE.parent / name: chart for name, chart in drawn.items()}
    return {PAGE: with_tables(PAGE, tables(result)), **charts}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="docs/performance.md from the newest result.")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if they differ")
    only_check = parser.parse_args(arguments).check
    wanted = documents(newest())
    old = [path.name for path, text in wanted.items() if path.read_text() != text]
    if only_check:
        print(f"not what {newest().name} says: {', '.join(old)}" if old else "as it should be")
        return int(bool(old))
    for path, text in wanted.items():
        path.write_text(text)
    print(f"docs/{PAGE.name} says what {newest().name} says")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
