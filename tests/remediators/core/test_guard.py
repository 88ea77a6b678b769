"""The executor's own look at a target."""

import pytest

from remediators.core.guard import guard
from schemas.remediation import OutcomeReason
from tests.remediators.builders import NOW_MS, command, workload

CASES = [
    ("healthy and as observed", workload(), None),
    ("not opted in", workload(annotations={"mendlog.io/enabled": ""}), OutcomeReason.NOT_OPTED_IN),
    ("opted in, almost", workload(annotations={"mendlog.io/enabled": "True"}), "not_opted_in"),
    ("paused", workload(annotations={"mendlog.io/paused-until": "2999-01-01T00:00:00Z"}), "paused"),
    ("pause is over", workload(annotations={"mendlog.io/paused-until": "2020-01-01T00:00Z"}), None),
    ("no zone", workload(annotations={"mendlog.io/paused-until": "2020-01-01T00:00"}), "paused"),
    ("no date", workload(annotations={"mendlog.io/paused-until": "tomorrow"}), "paused"),
    ("kept by another", workload(owner="ArgoCD/shop"), OutcomeReason.OWNED_ELSEWHERE),
    ("another generation", workload(generation=5), OutcomeReason.STALE),
    ("another object", workload(uid="uid-2"), OutcomeReason.STALE),
    ("another command was here", workload(marker="c9"), OutcomeReason.STALE),
    ("only its status moved", workload(resource_version="9999"), None),
]


@pytest.mark.parametrize(("seen", "reason"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_guard(seen, reason):
    refusal = guard(command(), seen, NOW_MS)
    assert (refusal.reason if refusal else None) == reason
