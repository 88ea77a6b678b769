"""Series as a test writes them down: promtool's notation, or a list of values."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from yaml.nodes import Node, ScalarNode, SequenceNode

from streams.ingest.scraper.exposition import BadExposition, read_samples
from streams.policy.selectors import LABELS
from streams.reading.nodes import Reading, spoken
from streams.reading.shapes import (
    TEXT,
    Found,
    Key,
    Shape,
    checked,
    duration,
    map_of,
    record,
)

VALUES_MAX = 100_000
"""Of one series: a day of one a second is less."""
EVERY_LEAST_MS = 100
Value = float | None
"""None: there is no sample."""
NUMBER = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_TERM = re.compile(rf"([-+]?{NUMBER})(?:([-+]{NUMBER})?x([0-9]{{1,6}}))?")
_MISSING = re.compile(r"_(?:x([0-9]{1,6}))?|stale")
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})?")
NOTATION = "expected values such as `1 2 3`, `0+10x20`, `5x10`, `_x3` or `stale`"


@dataclass(frozen=True, slots=True)
class Series:
    name: str
    labels: Mapping[str, str]
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """Series that begin together, a value each every so often."""

    every_ms: int
    labels: Mapping[str, str]
    """Of what is measured, beside the story's."""
    series: tuple[Series, ...]

    def __str__(self) -> str:
        names = sorted({one.name for one in self.series})
        return f"{', '.join(names)}: {len(self.series)} series, every {spoken(self.every_ms)}"


def values_of(text: str) -> tuple[Value, ...]:
    """As promtool reads them: `a+bxn` is a, a+b, … and has n+1 values. Raises ValueError."""
    terms = [_term(word) for word in text.split()]
    if not terms:
        raise ValueError(NOTATION)
    if sum(count for count, _ in terms) > VALUES_MAX:
        raise ValueError(f"at most {VALUES_MAX} values of a series are taken")
    return tuple(value for _, values in terms for value in values)


def _term(word: str) -> tuple[int, Iterator[Value]]:
    """How many values, and they themselves when they are wanted."""
    if missing := _MISSING.fullmatch(word):
        count = int(missing[1] or 1)
        return count, (None for _ in range(count))
    if found := _TERM.fullmatch(word):
        first, step, count = float(found[1]), float(found[2] or 0), int(found[3] or 0) + 1
        return count, _rising(first, step, count)
    raise ValueError(f"{NOTATION}, not {word[:50]!r}")


def _rising(first: float, step: float, count: int) -> Iterator[Value]:
    for _ in range(count):
        yield first
        first += step


# Shapes.


def _read_values(reading: Reading, node: Node) -> tuple[Value, ...]:
    items = node.value if isinstance(node, SequenceNode) else [node]
    if not all(isinstance(item, ScalarNode) for item in items):
        reading.fault(node, NOTATION)
        return ()
    try:
        return values_of(" ".join(item.value for item in items))
    except ValueError as fault:
        reading.fault(node, str(fault))
        return ()


VALUES: Shape[tuple[Value, ...]] = Shape(
    _read_values,
    {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": ["number", "string"]}}]},
)


def _is_series(reading: Reading, node: Node, text: str) -> None:
    try:
        if _NAME.fullmatch(text) and len(read_samples(f"{text} 0", ())) == 1:
            return
    except BadExposition:
        pass
    reading.fault(node, 'expected a series such as queue_depth{queue="orders"}')


def _some(reading: Reading, node: Node, found: Mapping[str, object]) -> None:
    if not found:
        reading.fault(node, "expected at least one series")


def _measured(found: Found) -> Measured:
    series = []
    for text, values in found["series"].items():
        (sample,) = read_samples(f"{text} 0", ())
        series.append(Series(sample.name, sample.labels, values))
    return Measured(found["every"], found["labels"], tuple(series))


MEASURED: Shape[Measured] = record(
    "what is measured",
    {
        "every": Key(duration(EVERY_LEAST_MS), "between two values"),
        "series": Key(
            checked(map_of(checked(TEXT, _is_series), VALUES), _some), "series, and their values"
        ),
        "labels": Key(LABELS, "of what is measured, beside the story's", {}),
    },
    _measured,
)
