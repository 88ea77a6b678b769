"""Prometheus' text format -> samples, of the metrics that are wanted."""

import math
from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families

from schemas.metrics import Sample

SAMPLES_MAX = 20_000
"""Of one target: what, with 4 MiB of text, still fits into a record."""


class BadExposition(ValueError):
    """Not the text format, or too much of it."""


def read_samples(text: str, prefixes: tuple[str, ...]) -> tuple[Sample, ...]:
    """No prefix: all. Raises BadExposition."""
    lines = list(_wanted(text, prefixes))
    if len(lines) > SAMPLES_MAX:
        raise BadExposition(f"{len(lines)} samples, at most {SAMPLES_MAX} are taken")
    try:
        return tuple(_samples("\n".join(lines) + "\n"))
    # The library raises whatever its string handling meets: ValueError, IndexError, KeyError, ...
    except Exception as error:
        raise BadExposition(f"{type(error).__name__}: {error}") from None


def _wanted(text: str, prefixes: tuple[str, ...]) -> Iterator[str]:
    """Before parsing, because it costs a fiftieth of it."""
    for line in map(str.strip, text.split("\n")):
        if line and not line.startswith("#") and (not prefixes or line.startswith(prefixes)):
            yield line


def _samples(text: str) -> Iterator[Sample]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if math.isfinite(sample.value):  # NaN says "no value", and no counter is infinite.
                yield Sample(sample.name, dict(sample.labels), float(sample.value))
