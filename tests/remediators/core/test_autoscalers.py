"""Which autoscalers are about a target: what they name, not how they are called."""

import pytest

from remediators.core.autoscalers import horizontal, vertical
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


@pytest.mark.parametrize(
    ("spec", "sets"),
    [
        ({}, True),
        ({"updatePolicy": {}}, True),
        ({"updatePolicy": {"updateMode": "Initial"}}, True),
        ({"updatePolicy": {"updateMode": "Off"}}, False),
        ({"targetRef": None}, False),
    ],
)
def test_advice_only_is_not_in_charge(spec, sets):
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "checkout"}
    found = [{"metadata": {"name": "a"}, "spec": {"targetRef": reference, **spec}}]
    wanted = ("VerticalPodAutoscaler/a",) if sets else ()
    assert vertical(TARGET, found) == wanted
