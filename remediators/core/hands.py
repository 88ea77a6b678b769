"""Who has changed an object lately, by what the API notes of each writer.

It decides nothing: whether an object has moved is told by its generation or content. This is for
the words of a refusal, so that people know whom to ask.
"""

from datetime import datetime

from remediators.core.seen import Seen

FIELD_MANAGER = "mendlog"
"""What we sign our own writes with."""
CONTROL_PLANE = frozenset({FIELD_MANAGER, "kube-controller-manager", "kube-scheduler", "kubelet"})
"""These write all the time, and follow what others have wanted."""


def last_hand(seen: Seen, since_ms: int) -> str:
    """In words; empty where nobody beside the control plane and us has written since then."""
    notes = (seen.body.get("metadata") or {}).get("managedFields") or ()
    found = [
        (at_ms, note["manager"], note["time"])
        for note in notes
        if not note.get("subresource")
        and note.get("manager") not in CONTROL_PLANE
        and (at_ms := _at_ms(note.get("time"))) is not None
        and at_ms >= since_ms
    ]
    if not found:
        return ""
    _, manager, time = max(found)
    return f"changed by {manager} at {time}"


def _at_ms(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp() * 1000
    except ValueError:
        return None
