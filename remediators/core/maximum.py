"""An autoscaler's maximum, and what it says itself of what holds it back."""

from collections.abc import Mapping

from remediators.core.seen import Json

MAXIMUM = ("spec", "maxReplicas")
ABLE = "AbleToScale"
ACTIVE = "ScalingActive"
"""It can tell how many replicas it wants."""
LIMITED = "ScalingLimited"
AT_ITS_MAXIMUM = "TooManyReplicas"
"""It would go further if it might."""


def maximum(autoscaler: Json) -> int:
    most: int = autoscaler["spec"]["maxReplicas"]
    return most


def conditions(autoscaler: Json) -> Mapping[str, Json]:
    """By type."""
    status = autoscaler.get("status") or {}
    return {each["type"]: each for each in status.get("conditions") or ()}


def in_use(autoscaler: Json) -> int:
    """Replicas that there are, or that it wants by now. The API leaves out a 0."""
    status = autoscaler.get("status") or {}
    return max(status.get("currentReplicas") or 0, status.get("desiredReplicas") or 0)
