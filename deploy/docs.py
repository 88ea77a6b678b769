"""`python -m deploy.docs`: what documents say of topics and policies, from the tables in code."""

import sys
from pathlib import Path

from deploy import policy_page
from schemas.topics import DAY_MS, HOUR_MS, KIB, MIB, TOPICS, Cleanup, Topic
from streams.policy.schema import written

ARCHITECTURE = Path(__file__).parent.parent / "ARCHITECTURE.md"
BEGIN, END = "<!-- topics:begin -->", "<!-- topics:end -->"
HEADINGS = ("topic", "key", "value", "partitions", "kept", "record up to", "purpose")


def topic_table() -> str:
    return "\n".join(_line(row) for row in (HEADINGS, _RULE, *map(_row, TOPICS)))


def with_topics(document: str) -> str:
    """`document` with the table between its markers; unchanged where it has none."""
    before, begin, rest = document.partition(BEGIN)
    _old, end, after = rest.partition(END)
    return f"{before}{begin}\n{topic_table()}\n{end}{after}" if end else document


def main() -> int:
    if not ARCHITECTURE.exists():
        print(f"no {ARCHITECTURE.name} yet", file=sys.stderr)  # noqa: T201
        return 0
    document = ARCHITECTURE.read_text()
    if BEGIN not in document or END not in document:
        print(f"{ARCHITECTURE.name} has no {BEGIN} … {END}", file=sys.stderr)  # noqa: T201
        return 1
    ARCHITECTURE.write_text(with_topics(document))
    policy_page.PAGE.write_text(policy_page.with_tables(policy_page.PAGE.read_text()))
    policy_page.SCHEMA.write_text(written())
    return 0


_RULE = ("---",) * len(HEADINGS)


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
