"""Who else controls a workload, by what they leave on it."""

import pytest

from remediators.adapters.kubernetes import owners
from schemas.kinds import DEPLOYMENT, JOB, POD

INSTANCE = {"app.kubernetes.io/instance": "shop"}


@pytest.mark.parametrize(
    ("meta", "owner"),
    [
        pytest.param({}, "", id="nobody"),
        pytest.param({"labels": None, "annotations": None}, "", id="null"),
        pytest.param(
            {"ownerReferences": [{"kind": "Rollout", "name": "x", "controller": True}]},
            "Rollout/x",
            id="a controller",
        ),
        pytest.param(
            {"ownerReferences": [{"kind": "Shop", "name": "x"}]}, "", id="an owner, no controller"
        ),
        pytest.param(
            {"annotations": {owners.ARGO_TRACKING: "shop:apps/Deployment:shop/checkout"}},
            "ArgoCD/shop",
            id="argo by annotation",
        ),
        pytest.param(
            {"labels": INSTANCE, "managedFields": [{"manager": "argocd-controller"}]},
            "ArgoCD/shop",
            id="argo by label",
        ),
        pytest.param(
            {"labels": {"argocd.argoproj.io/instance": "shop"}}, "ArgoCD/shop", id="its own label"
        ),
        pytest.param(
            {"labels": {"app": "x"}, "managedFields": [{"manager": "argocd-controller"}]},
            "ArgoCD/?",
            id="argo by a label that we do not know",
        ),
        pytest.param({"managedFields": [{"manager": "argocd-server"}]}, "", id="a click in its UI"),
        pytest.param(
            {"labels": INSTANCE, "managedFields": [{"manager": "helm"}]}, "", id="the label of helm"
        ),
        pytest.param(
            {"labels": {name: f"f{n}" for n, name in enumerate(owners.FLUX)}},
            "Flux/f0,Flux/f1",
            id="flux, both ways",
        ),
        pytest.param(
            {"annotations": {owners.ARGO_TRACKING: "a,Flux/b:x"}}, "ArgoCD/a_Flux/b", id="a comma"
        ),
    ],
)
def test_of_object(meta, owner):
    assert owners.of_object(DEPLOYMENT, meta) == owner


@pytest.mark.parametrize("kind", [POD, JOB])
def test_what_its_controller_replaces_is_not_fought_over(kind):
    controller = {"kind": "ReplicaSet", "name": "web-1", "controller": True}
    meta = {"ownerReferences": [controller], "labels": {"helm.toolkit.fluxcd.io/name": "shop"}}
    assert owners.of_object(kind, meta) == "Flux/shop"
