"""How a job stands: who runs, who ended how, and whether that is the end of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum

from deploy.sandbox.cluster.objects import (
    Json,
    condition,
    condition_is_true,
    deleting,
    ended,
    parse_time,
    time_text,
)

RETRY_S = 1.0
"""The wait after the first failure; it doubles. A tenth of the real one, as all waits here."""

RETRY_MAX_S = 36.0
LIMIT = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
DEADLINE = ("DeadlineExceeded", "Job was active longer than specified deadline")
REACHED = ("CompletionsReached", "Reached expected number of succeeded pods")


class Outcome(Enum):
    RUNNING = "running"
    SUSPENDED = "suspended"
    COMPLETE = "complete"
    LIMIT = "limit"
    DEADLINE = "deadline"


def over(pod: Json) -> bool:
    """It has ended, or its node has let go of it."""
    gone = deleting(pod) and pod["metadata"].get("deletionGracePeriodSeconds") == 0
    return ended(pod) or gone


def finished(job: Json) -> bool:
    return condition_is_true(job, "Complete") or condition_is_true(job, "Failed")


def outcome_of(job: Json, pods: Sequence[Json], counted: Sequence[Json], at: datetime) -> Outcome:
    """With those `counted` that ended since the job was last looked at."""
    spec, (succeeded, failed) = job["spec"], _totals(job, counted)
    target = condition(job, "FailureTarget")
    if target is not None:
        return Outcome.LIMIT if target["reason"] == LIMIT[0] else Outcome.DEADLINE
    if failed > spec["backoffLimit"] or _restarted_too_often(spec, pods):
        return Outcome.LIMIT
    if seconds_to_deadline(job, at) == 0:
        return Outcome.DEADLINE
    if succeeded >= spec.get("completions", 1) and ("completions" in spec or not _active(pods)):
        return Outcome.COMPLETE
    return Outcome.SUSPENDED if spec["suspend"] else Outcome.RUNNING


def missing(job: Json, pods: Sequence[Json], counted: Sequence[Json]) -> int:
    spec, succeeded = job["spec"], _totals(job, counted)[0]
    wanted = spec["parallelism"]
    if "completions" in spec:
        wanted = min(wanted, spec["completions"] - succeeded)
    elif succeeded:
        wanted = 0
    return wanted - len(_active(pods))


def seconds_to_retry(job: Json, pods: Sequence[Json], at: datetime) -> float:
    """How long to wait after the last failure."""
    ends = [_ended_at(pod) for pod in pods if pod["status"]["phase"] == "Failed"]
    if not ends:
        return 0.0
    wait_s = min(RETRY_S * 2 ** (len(ends) - 1), RETRY_MAX_S)
    return max(0.0, (max(ends) + timedelta(seconds=wait_s) - at).total_seconds())


def seconds_to_deadline(job: Json, at: datetime) -> float | None:
    """None without one, 0 when it has passed."""
    limit_s, since = job["spec"].get("activeDeadlineSeconds"), _status(job).get("startTime")
    if limit_s is None or job["spec"]["suspend"]:
        return None
    passed_s = (at - parse_time(since)).total_seconds() if since else 0.0
    return max(0.0, limit_s - passed_s)


def seconds_to_live(job: Json, at: datetime) -> float | None:
    limit_s = job["spec"].get("ttlSecondsAfterFinished")
    last = condition(job, "Complete") or condition(job, "Failed")
    if limit_s is None or last is None:
        return None
    passed_s = (at - parse_time(last["lastTransitionTime"])).total_seconds()
    return max(0.0, limit_s - passed_s)


def status_of(
    job: Json, pods: Sequence[Json], counted: Sequence[Json], outcome: Outcome, at: datetime
) -> Json:
    succeeded, failed = _totals(job, counted)
    active, leaving = _active(pods), [pod for pod in pods if deleting(pod) and not over(pod)]
    status: Json = {
        "conditions": [dict(one) for one in _status(job).get("conditions", ())],
        "active": len(active),
        "succeeded": succeeded,
        "failed": failed,
        "ready": sum(condition_is_true(pod, "Ready") for pod in active),
        "terminating": len(leaving),
        "uncountedTerminatedPods": {},
    }
    if outcome is not Outcome.SUSPENDED:
        status["startTime"] = _status(job).get("startTime", time_text(at))
    _conclude(status, outcome, at, still_ending=bool(active or leaving))
    said = ("ready", "terminating", "uncountedTerminatedPods")
    return {key: value for key, value in status.items() if value or key in said}


def obituary(job: Json) -> tuple[str, str, str]:
    """Kind, reason and text of the event at its end."""
    failure = condition(job, "Failed")
    if failure is None:
        return "Normal", "Completed", "Job completed"
    return "Warning", failure["reason"], failure["message"]


def _conclude(status: Json, outcome: Outcome, at: datetime, *, still_ending: bool) -> None:
    match outcome:
        case Outcome.SUSPENDED:
            _set(status, "Suspended", at, ("JobSuspended", "Job suspended"))
        case Outcome.RUNNING if any(one["type"] == "Suspended" for one in status["conditions"]):
            _set(status, "Suspended", at, ("JobResumed", "Job resumed"), "False")
        case Outcome.COMPLETE:
            _set(status, "SuccessCriteriaMet", at, REACHED)
            if not still_ending:
                _set(status, "Complete", at, REACHED)
                status["completionTime"] = time_text(at)
        case Outcome.LIMIT | Outcome.DEADLINE:
            why = LIMIT if outcome is Outcome.LIMIT else DEADLINE
            _set(status, "FailureTarget", at, why)
            if not still_ending:
                _set(status, "Failed", at, why)


def _set(status: Json, kind: str, at: datetime, why: tuple[str, str], value: str = "True") -> None:
    others = [one for one in status["conditions"] if one["type"] != kind]
    if any((one["type"], one["status"]) == (kind, value) for one in status["conditions"]):
        return
    made = {
        "type": kind,
        "status": value,
        "lastProbeTime": time_text(at),
        "lastTransitionTime": time_text(at),
        "reason": why[0],
        "message": why[1],
    }
    status["conditions"] = [*others, made]


def _totals(job: Json, counted: Sequence[Json]) -> tuple[int, int]:
    """Succeeded and failed; what was deleted before its end has failed."""
    good = sum(pod["status"]["phase"] == "Succeeded" for pod in counted)
    before = _status(job)
    return before.get("succeeded", 0) + good, before.get("failed", 0) + len(counted) - good


def _active(pods: Sequence[Json]) -> list[Json]:
    return [pod for pod in pods if not over(pod) and not deleting(pod)]


def _restarted_too_often(spec: Json, pods: Sequence[Json]) -> bool:
    if spec["template"]["spec"]["restartPolicy"] != "OnFailure":
        return False
    restarts = sum(
        one.get("restartCount", 0)
        for pod in _active(pods)
        for one in pod["status"].get("containerStatuses", ())
    )
    return restarts > 0 and restarts >= spec["backoffLimit"]


def _ended_at(pod: Json) -> datetime:
    ends = [
        one["state"]["terminated"]["finishedAt"]
        for one in pod["status"].get("containerStatuses", ())
        if one.get("state", {}).get("terminated")
    ]
    return parse_time(max(ends, default=pod["metadata"]["creationTimestamp"]))


def _status(job: Json) -> Json:
    return job.get("status") or {}
