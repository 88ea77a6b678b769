"""A sample's name and labels as they stand in a record, before its value."""

from functools import lru_cache

from schemas import sample_bytes
from streams.ingest.otlp.place import Pairs

_KNOWN_MAX = 32_768
"""A histogram has as many as it has buckets."""
_KNOWN_CHARS_MAX = 1024


def part_of(name: str, labels: Pairs, label: str, text: str) -> bytes:
    """`label` is one more, and goes before one that is named alike."""
    size = sum(len(name) + len(text) for name, text in labels)
    return (_known if size <= _KNOWN_CHARS_MAX else _part)(name, labels, label, text)


def _part(name: str, labels: Pairs, label: str, text: str) -> bytes:
    if label:
        labels = tuple(sorted((dict(labels) | {label: text}).items()))
    pairs = [sample_bytes.pair(*pair) for pair in labels]
    return sample_bytes.text(name) + sample_bytes.texts(pairs)


_known = lru_cache(_KNOWN_MAX)(_part)
"""The same series come at every export."""
