"""Since when a pod counts: ready, and that for as long as its owner wants."""

from datetime import datetime, timedelta

from deploy.sandbox.cluster.objects import Json, ready_since


def available_in_s(owner: Json, pod: Json, at: datetime) -> float | None:
    """0 when available, None while not ready."""
    since = ready_since(pod)
    if since is None:
        return None
    wait = timedelta(seconds=owner["spec"].get("minReadySeconds", 0))
    return max(0.0, (since + wait - at).total_seconds()) if wait else 0.0


def seconds_to_next_available(owner: Json, pods: list[Json], at: datetime) -> float | None:
    waits = [available_in_s(owner, pod, at) for pod in pods]
    return min((wait + 0.01 for wait in waits if wait), default=None)
