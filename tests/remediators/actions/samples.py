"""One case of every action: a target, what is beside it, and parameters with which it works.

Bodies are such as a real API server accepts: `tests/ports` and `tests/faults` make them there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from remediators.actions.plan import Kit
from remediators.core.flag import ConfigMapKey, Flag
from remediators.core.repository import Repository
from schemas.actions import (
    ABORT_CANARY,
    ACTIONS,
    CORDON,
    DEGRADE,
    DELETE_POD,
    DRAIN,
    EVICT_POD,
    EXPAND_VOLUME,
    PAUSE_ROLLOUT,
    RAISE_MAX,
    RAISE_MEMORY,
    REPLACE_NODE,
    RERUN_JOB,
    RESTART,
    RESUME_ROLLOUT,
    REVERT_COMMIT,
    ROLL_BACK,
    RUN_JOB,
    SCALE,
    SET_FLAG,
    SHIFT_TRAFFIC,
    SWITCH_TRAFFIC,
    UNCORDON,
)
from schemas.kinds import (
    AUTOSCALER,
    COMMIT,
    CONFIG_MAP,
    DAEMON_SET,
    INSTANCE,
    JOB,
    NODE,
    POD,
    ROLLOUT,
    STATEFUL_SET,
    STORAGE_CLASS,
    VOLUME_CLAIM,
)
from schemas.remediation import Target
from tests.fakes import FakeCluster, written
from tests.remediators.actions.traffic import (
    BLUE_SERVICE,
    BOTH_RELEASES,
    CANARY_INGRESS,
    THE_CANARY,
    THE_SERVICE,
)
from tests.remediators.builders import NOW_MS, TARGET

Object = dict[str, Any]
THE_NODE = Target("eu-1", "", NODE, "n1")
ANOTHER_NODE = Target("eu-1", "", NODE, "n2")
READY = {"type": "Ready", "status": "True"}
A_MACHINE = Target("eu-1", "", INSTANCE, "i-1")
THE_FLAGS = Target("eu-1", "shop", CONFIG_MAP, "flags")
PAYMENTS = Flag("payments", frozenset({"on", "off"}), "", ConfigMapKey("", "flags", "payments"))
OWNED = Target("eu-1", "shop", DAEMON_SET, "agent")
LAST_CHANGE: Object = {
    "base": "b" * 40,
    "commit": "c" * 40,
    "at_ms": NOW_MS - 60_000,
    "command": "",
    "before": True,
    "subject": "shop: image 2",
}


def owned_by(application: str) -> Object:
    """As Argo CD marks what it keeps."""
    notes = {"argocd.argoproj.io/tracking-id": f"{application}:apps/DaemonSet:shop/agent"}
    pods = {"metadata": {"labels": {"app": "agent"}}, "spec": {"containers": []}}
    metadata = {"annotations": {"mendlog.io/enabled": "true", **notes}}
    status = {"desiredNumberScheduled": 3, "numberReady": 2}
    return {"metadata": metadata, "spec": {"template": pods}, "status": status}


A_POD = Target("eu-1", "shop", POD, "web-1")
A_JOB = Target("eu-1", "shop", JOB, "nightly")
ONE_POD = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "example/main:1"}]}
ENDED = ("FailureTarget", "Failed")
FAILED = {
    "spec": {"suspend": True, "template": {"spec": ONE_POD}},
    "status": {
        "startTime": "2026-01-01T00:00:00Z",
        "conditions": [{"type": kind, "status": "True"} for kind in ENDED],
    },
}
"""Suspended, so that it has no pods: only then does the API let somebody call it failed."""
TEMPLATE = {
    "apiVersion": "batch/v1",
    "kind": JOB,
    "spec": {"ttlSecondsAfterFinished": 3_600, "template": {"spec": ONE_POD}},
}


def kept(kind: str, **spec: Any) -> Object:
    """A pod, by something of a kind that no site knows: so nobody finds that to be gone."""
    owner = {"apiVersion": "example.com/v1", "kind": kind, "name": "web", "uid": "u"}
    main = {"name": "main", "image": "example/main:1"}
    return {
        "metadata": {"labels": {"app": "web"}, "ownerReferences": [{**owner, "controller": True}]},
        "spec": {"containers": [main], **spec},
    }


THE_AUTOSCALER = Target("eu-1", "shop", AUTOSCALER, "checkout")
AN_AUTOSCALER: Object = {
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "elsewhere"},
        "minReplicas": 1,
        "maxReplicas": 3,
    }
}
THE_SET = Target("eu-1", "shop", STATEFUL_SET, "db")
A_SET: Object = {
    "spec": {
        "replicas": 0,
        "serviceName": "db",
        "selector": {"matchLabels": {"app": "db"}},
        "template": {
            "metadata": {"labels": {"app": "db"}},
            "spec": {
                "containers": [
                    {
                        "name": "main",
                        "image": "example/main:1",
                        "resources": {p: {"memory": "64Mi"} for p in ("limits", "requests")},
                    }
                ]
            },
        },
    }
}
THE_CLAIM = Target("eu-1", "shop", VOLUME_CLAIM, "data-0")
A_CLAIM: Object = {
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "roomy",
        "resources": {"requests": {"storage": "10Gi"}},
    },
    "status": {"phase": "Bound", "capacity": {"storage": "10Gi"}},
}
THE_ROLLOUT = Target("eu-1", "shop", ROLLOUT, "checkout")
A_ROLLOUT: Object = {
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "checkout"}},
        "strategy": {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}]}},
        "template": {"metadata": {"labels": {"app": "checkout"}}, "spec": ONE_POD},
    },
    "status": {
        "observedGeneration": "1",
        "currentPodHash": "6b9c8d7f5",
        "stableRS": "5d4c6f8b9",
        "currentStepIndex": 1,
        "replicas": 4,
        "updatedReplicas": 1,
    },
}
"""As its controller leaves it at a pause, a fifth of the way."""
THE_CLASS = Target("eu-1", "", STORAGE_CLASS, "roomy")
A_CLASS: Object = {"provisioner": "sandbox.mendlog.io/disk", "allowVolumeExpansion": True}
SLOW: Object = {
    "minReadySeconds": 500,
    "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
}
"""Its rollouts go on for longer than any test."""


@dataclass(frozen=True, slots=True)
class Sample:
    target: Target = TARGET
    body: Object = field(default_factory=dict)
    """Of the target; a Deployment is deployed, and this is added to its spec."""
    beside: Mapping[Target, Object] = field(default_factory=dict)
    writer: str = ""
    """Whom the API takes for the author of its spec."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    releases: tuple[str, ...] = ()
    """Images of a Deployment, one after another, after its first."""
    kit: Kit = field(default_factory=Kit)

    def build(self, cluster: FakeCluster) -> None:
        if self.target.kind == TARGET.kind:
            cluster.deploy(self.target, **self.body)
            written(cluster.objects[self.target], self.body, self.writer)
        else:
            cluster.put(self.target, self.body)
        for target, body in self.beside.items():
            cluster.put(target, body)
        for image in self.releases:
            cluster.change(self.target, lambda found, image=image: _release(found, image))


def _release(found: Object, image: str) -> None:
    found["spec"]["template"]["spec"]["containers"][0]["image"] = image


SAMPLES: Mapping[str, Sample] = {
    RESTART: Sample(),
    SCALE: Sample(parameters={"by": "1", "max": "9"}),
    DEGRADE: Sample(),
    ROLL_BACK: Sample(releases=("example/main:2",)),
    RAISE_MAX: Sample(THE_AUTOSCALER, AN_AUTOSCALER, parameters={"by": "2", "max": "9"}),
    RAISE_MEMORY: Sample(THE_SET, A_SET, parameters={"max": "1Gi"}),
    EXPAND_VOLUME: Sample(THE_CLAIM, A_CLAIM, {THE_CLASS: A_CLASS}, parameters={"max": "1Ti"}),
    PAUSE_ROLLOUT: Sample(body=SLOW, releases=("example/main:2",)),
    RESUME_ROLLOUT: Sample(body={"paused": True}, writer="mendlog"),
    CORDON: Sample(THE_NODE),
    SET_FLAG: Sample(
        THE_FLAGS,
        body={"data": {"payments": "on"}},
        parameters={"flag": "payments", "value": "off"},
        kit=Kit(flags={"payments": PAYMENTS}),
    ),
    REVERT_COMMIT: Sample(
        OWNED,
        owned_by("shop"),
        beside={Target("eu-1", "shop", COMMIT, "last"): LAST_CHANGE},
        parameters={"repository": "shop"},
        kit=Kit(repositories={"shop": Repository("shop", "ArgoCD/shop", "", "apps", "main")}),
    ),
    SHIFT_TRAFFIC: Sample(THE_CANARY, CANARY_INGRESS, parameters={"by": "10", "max": "50"}),
    ABORT_CANARY: Sample(THE_ROLLOUT, A_ROLLOUT),
    SWITCH_TRAFFIC: Sample(
        THE_SERVICE,
        BLUE_SERVICE,
        beside=BOTH_RELEASES,
        parameters={"label": "release", "to": "green"},
    ),
    REPLACE_NODE: Sample(
        THE_NODE,
        {"spec": {"unschedulable": True, "providerID": "aws:///eu-1a/i-1"}},
        beside={
            ANOTHER_NODE: {"status": {"conditions": [READY]}},
            A_MACHINE: {"status": {"state": "running"}},
        },
    ),
    RERUN_JOB: Sample(A_JOB, FAILED),
    RUN_JOB: Sample(parameters={"job": "index"}, kit=Kit(jobs={"index": TEMPLATE})),
    UNCORDON: Sample(THE_NODE, body={"spec": {"unschedulable": True}}),
    DELETE_POD: Sample(A_POD, kept("Keeper"), parameters={"grace": "5"}),
    EVICT_POD: Sample(A_POD, kept("Keeper")),
    DRAIN: Sample(THE_NODE, beside={ANOTHER_NODE: {"status": {"conditions": [READY]}}}),
}
ONCE = frozenset(n for n, each in SAMPLES.items() if each.target.kind in ACTIONS[n].sent_once)
"""Those that end UNKNOWN wherever they are in doubt."""
