"""How long a probe waits for its answer."""

from collections.abc import Mapping

from remediators.core.parameters import duration_ms

DEFAULT_MS = 2_000


def timeout_ms(parameters: Mapping[str, str]) -> int:
    return duration_ms(parameters.get("timeout", "")) or DEFAULT_MS
