"""What a deployment says of itself: counts, whether it is available, whether it progresses."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from deploy.sandbox.cluster.controllers.rollout import Limits
from deploy.sandbox.cluster.objects import Json, condition, edited, name, parse_time, time_text

COMPLETE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"
PAUSED = "DeploymentPaused"
NO_DEADLINE_S = 2**31 - 1


def status_of(
    deployment: Json,
    new: Json | None,
    sets: Sequence[Json],
    limits: Limits,
    at: datetime,
    *,
    created: bool = False,
) -> Json:
    """The whole status, from the replica sets (one `created` just now) and the status before."""
    before = deployment.get("status", {})
    status = _counts(deployment, new, sets)
    if "collisionCount" in before:
        status["collisionCount"] = before["collisionCount"]
    status["conditions"] = edited({"of": before.get("conditions", [])})["of"]
    _set(status, _available(status, limits), at)
    if _has_deadline(deployment):
        known = _created(new) if created and new is not None else None
        progress = known or _progress(deployment, new, before, status, at)
        if progress is not None:
            _set(status, progress, at)
    else:
        status["conditions"] = [one for one in status["conditions"] if one["type"] != "Progressing"]
    return {
        key: value
        for key, value in status.items()
        if value not in (0, []) or key == "terminatingReplicas"
    }


def seconds_to_deadline(deployment: Json, at: datetime) -> float | None:
    """When to look again whether a rollout is stuck; None when that cannot be any more."""
    progress = condition(deployment, "Progressing")
    if (
        not _has_deadline(deployment)
        or progress is None
        or progress["reason"] in (COMPLETE, TIMED_OUT, PAUSED)
    ):
        return None
    return max(0.0, (_deadline(deployment, progress) - at).total_seconds()) + 0.01


def complete(deployment: Json, status: Json) -> bool:
    """Everything is new, available and alone. (Zeros are not written in a status.)"""
    replicas = deployment["spec"]["replicas"]
    return (
        status.get("updatedReplicas", 0) == replicas
        and status.get("replicas", 0) == replicas
        and status.get("availableReplicas", 0) == replicas
        and status["observedGeneration"] >= deployment["metadata"]["generation"]
    )


def _counts(deployment: Json, new: Json | None, sets: Sequence[Json]) -> Json:
    def total(field: str) -> int:
        return sum(one.get("status", {}).get(field, 0) for one in sets)

    wanted = sum(one["spec"]["replicas"] for one in sets)
    available = total("availableReplicas")
    return {
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": total("replicas"),
        "updatedReplicas": new.get("status", {}).get("replicas", 0) if new else 0,
        "readyReplicas": total("readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, wanted - available),
        "terminatingReplicas": total("terminatingReplicas"),
    }


def _available(status: Json, limits: Limits) -> Json:
    enough = status["availableReplicas"] >= limits.available_min
    return {
        "type": "Available",
        "status": "True" if enough else "False",
        "reason": f"MinimumReplicas{'Available' if enough else 'Unavailable'}",
        "message": (
            "Deployment has minimum availability."
            if enough
            else "Deployment does not have minimum availability."
        ),
    }


def _progress(
    deployment: Json, new: Json | None, before: Json, status: Json, at: datetime
) -> Json | None:
    """The Progressing condition, or None for the one it has."""
    current = condition(deployment, "Progressing")
    if deployment["spec"].get("paused"):
        if current is not None and current["reason"] == TIMED_OUT:
            return None
        return _progressing("Unknown", PAUSED, "Deployment is paused")
    if current is not None and current["reason"] == COMPLETE and _one_set_only(status):
        return None
    who = f'ReplicaSet "{name(new)}"' if new else f'Deployment "{name(deployment)}"'
    if complete(deployment, status):
        return _progressing("True", COMPLETE, f"{who} has successfully progressed.")
    if current is None or current["reason"] == PAUSED or _moved(before, status):
        return _progressing("True", "ReplicaSetUpdated", f"{who} is progressing.") | {
            "lastUpdateTime": time_text(at)
        }
    if current["reason"] not in (COMPLETE, TIMED_OUT) and at >= _deadline(deployment, current):
        return _progressing("False", TIMED_OUT, f"{who} has timed out progressing.")
    return None


def _created(new: Json) -> Json:
    text = f'Created new replica set "{name(new)}"'
    return _progressing("True", "NewReplicaSetCreated", text)


def _progressing(status: str, reason: str, message: str) -> Json:
    return {"type": "Progressing", "status": status, "reason": reason, "message": message}


def _one_set_only(status: Json) -> bool:
    """No rollout is under way; pods that come and go are no progress of one."""
    return bool(status["replicas"] == status["updatedReplicas"])


def _moved(before: Json, status: Json) -> bool:
    """More new ones, fewer old ones, or more that are ready or available."""

    def grew(field: str) -> bool:
        return status[field] > before.get(field, 0)

    old_before = before.get("replicas", 0) - before.get("updatedReplicas", 0)
    fewer_old = status["replicas"] - status["updatedReplicas"] < old_before
    return (
        grew("updatedReplicas") or fewer_old or grew("readyReplicas") or grew("availableReplicas")
    )


def _has_deadline(deployment: Json) -> bool:
    return deployment["spec"].get("progressDeadlineSeconds", NO_DEADLINE_S) < NO_DEADLINE_S


def _deadline(deployment: Json, progress: Json) -> datetime:
    """Written in whole seconds, so it is at most a second early: add it."""
    allowed_s = deployment["spec"]["progressDeadlineSeconds"] + 1
    return parse_time(progress["lastUpdateTime"]) + timedelta(seconds=allowed_s)


def _set(status: Json, wanted: Json, at: datetime) -> None:
    """Put a condition in, with times that change only when it does."""
    current = next((one for one in status["conditions"] if one["type"] == wanted["type"]), None)
    times = {"lastUpdateTime": time_text(at), "lastTransitionTime": time_text(at)}
    if current is not None:
        if current["status"] == wanted["status"]:
            times["lastTransitionTime"] = current["lastTransitionTime"]
        if current["status"] == wanted["status"] and current["reason"] == wanted["reason"]:
            times["lastUpdateTime"] = current["lastUpdateTime"]
        status["conditions"].remove(current)
    status["conditions"].append({**times, **wanted})
