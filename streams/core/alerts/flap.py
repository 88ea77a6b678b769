"""An alert that begins and ends again and again tells of itself and not of its subject."""

from streams.core.entries import AlertState
from streams.core.limits import Limits


def is_flapping(alert: AlertState, limits: Limits, now_ms: int) -> bool:
    since_ms = now_ms - limits.flap_window_ms
    return sum(at > since_ms for at in alert.flips_at_ms) >= limits.flap_transitions
