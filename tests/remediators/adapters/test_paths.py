"""Which call a request is."""

import pytest

from remediators.adapters.kubernetes import paths
from remediators.core.request import CREATE, DELETE, EVICT, PATCH
from schemas.kinds import JOB, NODE, POD
from schemas.remediation import Request, Target

THE_POD = Target("eu-1", "shop", POD, "checkout-7")
PODS = "/api/v1/namespaces/shop/pods"
CALLS = [
    (PATCH, THE_POD, "PATCH", f"{PODS}/checkout-7?fieldManager=mendlog"),
    (DELETE, THE_POD, "DELETE", f"{PODS}/checkout-7"),
    (EVICT, THE_POD, "POST", f"{PODS}/checkout-7/eviction"),
    (PATCH, Target("eu-1", "", NODE, "n1"), "PATCH", "/api/v1/nodes/n1?fieldManager=mendlog"),
    (
        CREATE,
        Target("eu-1", "shop", JOB, "mendlog-c1"),
        "POST",
        "/apis/batch/v1/namespaces/shop/jobs?fieldManager=mendlog",
    ),
]


@pytest.mark.parametrize(("verb", "target", "method", "path"), CALLS)
def test_calls(verb, target, method, path):
    request = Request(verb, target, "application/json", "{}")
    assert paths.call(request, rehearsal=False) == (method, path)
    _, rehearsed = paths.call(request, rehearsal=True) or ("", "")
    assert rehearsed.removesuffix("dryRun=All").rstrip("?&") == path


@pytest.mark.parametrize(
    "target",
    [
        Target("eu-1", "shop", POD, "../../secrets/x"),
        Target("eu-1", "../kube-system", POD, "x"),
        Target("eu-1", "shop", POD, "x?dryRun=All"),
    ],
)
def test_names_cannot_climb_out_of_their_place(target):
    path = paths.of(target) or ""
    assert path.count("/") == len(["", "api", "v1", "namespaces", "N", "pods", "N"]) - 1
    assert "?" not in path


def test_what_nobody_has_told_us_of():
    assert paths.of(Target("eu-1", "shop", "Secret", "x")) is None
    request = Request("PUT", THE_POD, "application/json", "{}")
    assert paths.call(request, rehearsal=False) is None
