"""Who has changed an object lately, by what the API notes of each writer.

It decides nothing: whether an object has moved is told by its generation or content. This is for
the words of a refusal, so that people know whom to ask.
"""

from datetime import datetime

from remediators.core.seen import Json, Seen

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


def writers_of(found: Json, field: str) -> frozenset[str]:
    """Whose writing that member of its spec is, as it stands. Empty where the API does not say."""
    notes = (found.get("metadata") or {}).get("managedFields") or ()
    own = (n for n in notes if f"f:{field}" in ((n.get("fieldsV1") or {}).get("f:spec") or {}))
    return frozenset(note.get("manager", "") for note in own)


def _at_ms(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp() * 1000
    except ValueError:
        return None
