"""Commands and workloads with sensible defaults: a test names only what it is about."""

import json
from typing import Any

from remediators.actions.plan import Kit, Scene
from remediators.actions.releases import Revision
from remediators.core.marker import LAST_COMMAND
from remediators.core.patch import Operation
from remediators.core.seen import ENABLED, Json
from remediators.core.workload import REVISION, Pods, Workload
from schemas.actions import RESTART
from schemas.remediation import (
    Command,
    CommandKind,
    Outcome,
    OutcomeStatus,
    Request,
    Target,
    Withdrawal,
)

NOW_MS = 1_767_225_600_000
TTL_MS = 120_000
TARGET = Target("eu-1", "shop", "Deployment", "checkout")


def command(kind: CommandKind = CommandKind.ACT, **more: Any) -> Command:
    fields: dict[str, Any] = {
        "command_id": "c1",
        "cluster": "eu-1",
        "incident_id": "i1",
        "kind": kind,
        "action": RESTART,
        "target": TARGET,
        "parameters": {},
        "step": 0,
        "attempt": 0,
        "issued_at_ms": NOW_MS,
        "expires_at_ms": NOW_MS + TTL_MS,
        "evidence_partition": 0,
        "evidence_offset": 7,
        "uid": "uid-1",
        "generation": 4,
    }
    return Command(**{**fields, **more})


def withdrawal(order: Command, **more: Any) -> Withdrawal:
    fields: dict[str, Any] = {
        "command_id": order.command_id,
        "cluster": order.cluster,
        "incident_id": order.incident_id,
        "target": order.target,
        "at_ms": order.issued_at_ms,
        "expires_at_ms": order.expires_at_ms,
    }
    return Withdrawal(**{**fields, **more})


def workload(marker: str = "", annotations: dict[str, str] | None = None, **more: Any) -> Workload:
    """Healthy, opted in, three replicas, second revision."""
    notes = {ENABLED: "true", REVISION: "2", **(annotations or {})}
    if marker:
        notes[LAST_COMMAND] = marker
    fields: dict[str, Any] = {
        "target": TARGET,
        "uid": "uid-1",
        "generation": 4,
        "observed_generation": 4,
        "resource_version": "77",
        "annotations": notes,
        "template": template("example/checkout:2"),
        "replicas_wanted": 3,
        "unavailable_max": 1,
        "pods": Pods(ready=3, updated=3, available=3, total=3),
        "selector": {"matchLabels": {"app": "checkout"}},
        "body": {},
    }
    return Workload(**{**fields, **more})


def scene(
    order: Command,
    seen: Workload,
    revisions: tuple[Revision, ...] = (),
    degraded_param: str = "DEGRADED_MODE",
) -> Scene:
    sets = tuple(replica_set(revision, seen.uid) for revision in revisions)
    return Scene(order, seen, (sets,), Kit(degraded_param))


def replica_set(revision: Revision, owner_uid: str) -> Json:
    return {
        "metadata": {
            "annotations": {REVISION: str(revision.number)},
            "ownerReferences": [{"uid": owner_uid, "controller": True}],
        },
        "spec": {"template": revision.template},
        "status": {"availableReplicas": revision.available},
    }


def template(image: str, **annotations: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"labels": {"app": "checkout"}}
    if annotations:
        metadata["annotations"] = {k.replace("__", "/"): v for k, v in annotations.items()}
    return {"metadata": metadata, "spec": {"containers": [{"name": "main", "image": image}]}}


def steps(of: Request) -> list[Operation]:
    """Of a patch."""
    found: list[Operation] = json.loads(of.body)
    return found


def outcome(of: Command, status: OutcomeStatus, **more: Any) -> Outcome:
    fields: dict[str, Any] = {
        "command_id": of.command_id,
        "cluster": of.cluster,
        "incident_id": of.incident_id,
        "kind": of.kind,
        "status": status,
        "reason": "",
        "at_ms": NOW_MS,
        "executor": "another",
    }
    return Outcome(**{**fields, **more})


def intent(of: Command, request: Request) -> Outcome:
    return outcome(of, OutcomeStatus.INTENT, request=request)
