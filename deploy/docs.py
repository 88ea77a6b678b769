"""`python -m deploy.docs`: what documents say of tables in code, written anew from those tables."""

import sys
from collections.abc import Mapping
from pathlib import Path

from deploy import policy_page, policy_tests_page
from deploy.tables import Tables, table, with_tables
from schemas.topics import DAY_MS, HOUR_MS, KIB, MIB, TOPICS, Cleanup, Topic
from streams.core.lifecycle import TRANSITIONS, Phase
from streams.policy.schema import written

ARCHITECTURE = Path(__file__).parent.parent / "ARCHITECTURE.md"


def main() -> int:
    for page, tables in PAGES.items():
        page.write_text(with_tables(page, tables))
    policy_page.SCHEMA.write_text(written())
    return 0


def topics() -> str:
    headings = ("topic", "key", "value", "partitions", "kept", "record up to", "purpose")
    return table(headings, map(_row, TOPICS))


def phases() -> str:
    """The transition table as a diagram."""
    lines = [f"  [*] --> {Phase.OPEN}"]
    arrows: dict[tuple[Phase, Phase], list[str]] = {}
    for (phase, event), after in TRANSITIONS.items():
        arrows.setdefault((phase, after), []).append(event)
    lines += [f"  {a} --> {b}: {', '.join(events)}" for (a, b), events in arrows.items()]
    lines.append(f"  {Phase.CLOSED} --> [*]")
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


PAGES: Mapping[Path, Tables] = {
    ARCHITECTURE: {"topics": topics, "phases": phases},
    policy_page.PAGE: policy_page.TABLES,
    policy_tests_page.PAGE: policy_tests_page.TABLES,
}


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
