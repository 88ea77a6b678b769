"""Who else controls a workload: whoever owns it, or restores it from a repository. Of those that
scale it, `core.autoscalers` tells.

What they would undo, or fight over, a rail must know of before anything is changed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from remediators.core.seen import Seen
from schemas.kinds import AUTOSCALER, JOB, POD
from schemas.remediation import Target

Object = Mapping[str, Any]

REPLACED = frozenset({POD, JOB})
UNREAD = f"{AUTOSCALER}/?"
"""Whether one scales it could not be asked. To take that for none would be wrong."""

ARGO_TRACKING = "argocd.argoproj.io/tracking-id"
INSTANCE = "app.kubernetes.io/instance"
"""Helm and others set it too: it names an Argo CD application only where Argo CD has written."""
ARGO_INSTANCE = "argocd.argoproj.io/instance"
"""In place of that, where `application.instanceLabelKey` says so. It can say anything."""
ARGO_WRITER = "argocd"
ARGO_KEEPERS = frozenset({"argocd-controller", "argocd-application-controller"})
"""These apply an application; others of Argo CD write what people click."""
FLUX = ("kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name")


def joined(owners: Iterable[str]) -> str:
    """Each once. None of their names can contain a comma."""
    return ",".join(dict.fromkeys(owner for owner in owners if owner))


def of_object(kind: str, meta: Object) -> str:
    """Those that leave a trace on the object itself. What keeps pods, or starts jobs, does not mind
    when one of them goes: it is there to bring the next."""
    controllers = () if kind in REPLACED else _controllers(meta)
    return joined((*controllers, _argo_cd(meta), *_flux(meta)))


def keeper(seen: Seen) -> Target | None:
    """What would replace a pod. Of a pod that nobody keeps there is none."""
    if seen.target.kind != POD:
        return None
    owners = seen.body["metadata"].get("ownerReferences") or ()
    names = ((o["kind"], o["name"]) for o in owners if o.get("controller"))
    return next((replace(seen.target, kind=kind, name=name) for kind, name in names), None)


def _controllers(meta: Object) -> Iterable[str]:
    owners = meta.get("ownerReferences") or ()
    return (f"{o['kind']}/{o['name']}" for o in owners if o.get("controller"))


def _argo_cd(meta: Object) -> str:
    tracking = (meta.get("annotations") or {}).get(ARGO_TRACKING, "")
    if tracking:
        return _owner("ArgoCD", tracking.partition(":")[0])
    labels, writers = _labels(meta), {m.get("manager", "") for m in meta.get("managedFields") or ()}
    written = any(writer.startswith(ARGO_WRITER) for writer in writers)
    name = labels.get(ARGO_INSTANCE, "") or (labels.get(INSTANCE, "") if written else "")
    return _owner("ArgoCD", name or ("?" if writers & ARGO_KEEPERS else ""))


def _flux(meta: Object) -> Iterable[str]:
    return (_owner("Flux", _labels(meta).get(label, "")) for label in FLUX)


def _owner(kind: str, name: str) -> str:
    """An annotation may hold anything; one comma would make two owners of it."""
    return f"{kind}/{name.replace(',', '_')}" if name else ""


def _labels(meta: Object) -> Mapping[str, str]:
    return meta.get("labels") or {}
