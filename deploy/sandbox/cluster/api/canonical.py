"""The one way to write an object down.

The real server is written in Go, whose JSON leaves out empty lists and maps and the zeros of
plain fields. That shows: a Deployment whose last annotation is removed has no `annotations` to
add one below, and setting `paused: false` where nothing was said is no change.
"""

from typing import Any

from deploy.sandbox.cluster.objects import Json

OMITTED_WHEN_EMPTY = frozenset(
    {"annotations", "binaryData", "data", "disruptedPods", "labels", "matchLabels", "nodeSelector"}
)
OMITTED_WHEN_ZERO = frozenset(
    {
        "hostIPC",
        "hostNetwork",
        "hostPID",
        "initialDelaySeconds",
        "minReadySeconds",
        "paused",
        "stdin",
        "stdinOnce",
        "tty",
        "unschedulable",
        "value",
    }
)


def canonical(obj: Json) -> Json:
    """Without what Go would leave out."""
    return {key: kept for key, value in obj.items() if (kept := _kept(key, value)) is not None}


def _kept(key: str, value: Any) -> Any:
    """The value in its canonical form, or None to leave it out."""
    if isinstance(value, dict):
        if key in OMITTED_WHEN_EMPTY:
            # The keys of these are the user's own: `paused` as a label is no field.
            return value or None
        return canonical(value)
    if isinstance(value, list):
        return [canonical(item) if isinstance(item, dict) else item for item in value] or None
    if key in OMITTED_WHEN_ZERO and value in (0, False, ""):
        return None
    return value
