"""Samples: what was read from one target at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Samples:
    """All samples of one scrape. `labels` name the target (cluster, namespace, service, pod)."""

    labels: Mapping[str, str]
    at_ms: int
    samples: tuple[Sample, ...]
