"""The key of a target's samples in `metrics`."""

from collections.abc import Mapping


def series_key(labels: Mapping[str, str], address: str) -> str:
    """Its address stands in for a missing pod."""
    return "|".join(filter(None, (labels.get("service", ""), labels.get("pod") or address)))
