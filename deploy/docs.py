"""`python -m deploy.docs`: write what documents say of tables from the tables themselves.

A table stands between two marks, `<!-- NAME:begin -->` and `<!-- NAME:end -->`.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from schemas.topics import DAY_MS, HOUR_MS, KIB, MIB, TOPICS, Cleanup, Topic
from streams.core.lifecycle import TRANSITIONS, Phase
from streams.policy.limits import LIMITS, field_of
from streams.policy.presets import PRESETS

ROOT = Path(__file__).parent.parent
ARCHITECTURE, SAFETY = ROOT / "ARCHITECTURE.md", ROOT / "docs" / "safety.md"
PRESET = "production-1"


def main() -> int:
    for page in PAGES:
        page.write_text(with_tables(page))
    return 0


def with_tables(page: Path) -> str:
    """The page as it should be. Raises ValueError where it lacks a mark."""
    document = page.read_text()
    for name, table in PAGES[page].items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        before, found, rest = document.partition(begin)
        _old, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"{page.name} has no {begin} … {end}")
        document = f"{before}{begin}\n{table()}\n{end}{after}"
    return document


def topics() -> str:
    headings = ("topic", "key", "value", "partitions", "kept", "record up to", "purpose")
    return _table(headings, map(_row, TOPICS))


def limits() -> str:
    """Every limit with what it stops and its default."""
    values = PRESETS[PRESET]
    rows = (
        (f"`{key}`", _shown(key, getattr(values, field_of(key))), limit.about)
        for key, limit in LIMITS.items()
    )
    return _table(("limit", f"`{PRESET}`", "what it says"), rows)


def phases() -> str:
    """The transition table as a diagram."""
    lines = [f"  [*] --> {Phase.OPEN}"]
    arrows: dict[tuple[Phase, Phase], list[str]] = {}
    for (phase, event), after in TRANSITIONS.items():
        arrows.setdefault((phase, after), []).append(event)
    lines += [f"  {a} --> {b}: {', '.join(events)}" for (a, b), events in arrows.items()]
    lines.append(f"  {Phase.CLOSED} --> [*]")
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


PAGES: Mapping[Path, Mapping[str, Callable[[], str]]] = {
    ARCHITECTURE: {"topics": topics, "phases": phases},
    SAFETY: {"limits": limits},
}


def _shown(key: str, value: int) -> str:
    if key.endswith("percent"):
        return f"{value} %"
    if field_of(key) == key:
        return str(value)
    for unit, size_ms in (("d", DAY_MS), ("h", HOUR_MS), ("m", 60_000), ("s", 1_000)):
        if value % size_ms == 0:
            return f"{value // size_ms}{unit}"
    return f"{value}ms"


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(map(_line, (headings, ("---",) * len(headings), *rows)))


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _row(topic: Topic) -> tuple[str, ...]:
    return (
        f"`{topic.noun}`",
        topic.key,
        topic.value,
        topic.spread.value,
        _kept(topic),
        _size(topic.message_bytes_max),
        topic.purpose,
    )


def _kept(topic: Topic) -> str:
    if topic.cleanup is Cleanup.DELETE:
        return "for ever" if topic.retention_ms is None else f"{topic.retention_ms // DAY_MS} d"
    lag_ms = topic.compaction_lag_ms
    lag = f", all for {lag_ms // HOUR_MS} h" if lag_ms else ""
    life = f", {topic.retention_ms // DAY_MS} d" if topic.retention_ms else ""
    return f"newest per key{lag}{life}"


def _size(count: int) -> str:
    whole, rest = divmod(count, MIB)
    return f"{whole} MiB" + (f" + {rest // KIB} KiB" if rest else "")


if __name__ == "__main__":
    sys.exit(main())
