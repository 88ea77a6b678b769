"""Rollout: finished, not finished, stalled, or too early to tell."""

import pytest

from remediators.core.workload import Condition, Pods
from remediators.probes import rollout
from tests.remediators.builders import workload

STALLED = (Condition("Progressing", "False", rollout.STALLED),)

CASES = [
    ("done", workload(), True),
    ("not looked at yet", workload(generation=5), None),
    ("two of three updated", workload(pods=Pods(3, 2, 3, 0, 4)), False),
    ("an old one is still there", workload(pods=Pods(4, 3, 4, 0, 4)), False),
    ("one not available", workload(pods=Pods(2, 3, 2, 1, 3)), False),
    ("stalled", workload(conditions=STALLED, pods=Pods(3, 1, 3, 1, 4)), False),
    ("nothing wanted, nothing there", workload(replicas_wanted=0, pods=Pods()), True),
]


@pytest.mark.parametrize(("seen", "passed"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_rollout(seen, passed):
    assert rollout.judged(seen).passed is passed
