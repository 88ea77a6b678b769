"""Which autoscalers are about a target: what they name, not how they are called."""

import pytest

from remediators.core.autoscalers import horizontal
from tests.remediators.builders import TARGET


@pytest.mark.parametrize(
    ("reference", "scales"),
    [
        ({"apiVersion": "apps/v1", "kind": "Deployment", "name": "checkout"}, True),
        ({"apiVersion": "apps/v1beta1", "kind": "Deployment", "name": "checkout"}, True),
        ({"kind": "Deployment", "name": "checkout"}, True),
        ({"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart"}, False),
        ({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "checkout"}, False),
        ({"apiVersion": "example.io/v1", "kind": "Deployment", "name": "checkout"}, False),
    ],
)
def test_what_an_autoscaler_names(reference, scales):
    found = [{"metadata": {"name": "a"}, "spec": {"scaleTargetRef": reference}}]
    wanted = ("HorizontalPodAutoscaler/a",) if scales else ()
    assert horizontal(TARGET, found) == wanted
