"""The status of a pod, from the state of its containers."""

from collections.abc import Sequence

from deploy.sandbox.cluster.kubelet.container import Container
from deploy.sandbox.cluster.kubelet.environment import LOOPBACK
from deploy.sandbox.cluster.objects import Json, name, now, time_text


class StatusBook:
    """Builds one status after the other, with times that change only when the fact does."""

    def __init__(self, pod: Json) -> None:
        self._name = name(pod)
        self._started_at = time_text(now())
        self._conditions: dict[str, Json] = {}

    def status_of(self, containers: Sequence[Container]) -> Json:
        phase = _phase(containers)
        ready = phase == "Running" and all(container.ready for container in containers)
        waits = [container.spec["name"] for container in containers if not container.ready]
        self._set("Initialized", True)
        self._set("ContainersReady", ready, waits)
        self._set("Ready", ready, waits)
        return {
            "phase": phase,
            "hostIP": LOOPBACK,
            "podIP": LOOPBACK,
            "podIPs": [{"ip": LOOPBACK}],
            "startTime": self._started_at,
            "conditions": [dict(condition) for condition in self._conditions.values()],
            "containerStatuses": [container.status() for container in containers],
        }

    def _set(self, kind: str, true: bool, unready: Sequence[str] = ()) -> None:
        status = "True" if true else "False"
        before = self._conditions.get(kind, {})
        unchanged = before.get("status") == status
        self._conditions[kind] = {
            "type": kind,
            "status": status,
            "lastTransitionTime": before["lastTransitionTime"] if unchanged else time_text(now()),
            # Said even when empty: the report is merged into what was said before.
            "reason": None if true else "ContainersNotReady",
            "message": None if true else f"containers with unready status: [{' '.join(unready)}]",
        }


def _phase(containers: Sequence[Container]) -> str:
    if all(container.done for container in containers):
        return "Succeeded" if all(one.succeeded for one in containers) else "Failed"
    if all(one.waiting and one.restarts == 0 for one in containers):
        return "Pending"
    return "Running"
