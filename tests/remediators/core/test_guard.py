"""The executor's own look at a target."""

import pytest

from remediators.core.guard import guard
from schemas.actions import ABORT_CANARY
from schemas.remediation import OutcomeReason
from tests.remediators.builders import NOW_MS, command, workload

JUST_NOW = "2025-12-31T23:59:30Z"
LONG_AGO = "2025-12-31T23:58:30Z"

CASES = [
    ("healthy and as observed", workload(), None),
    ("not opted in", workload(annotations={"mendlog.io/enabled": ""}), OutcomeReason.NOT_OPTED_IN),
    ("opted in, almost", workload(annotations={"mendlog.io/enabled": "True"}), "not_opted_in"),
    ("paused", workload(annotations={"mendlog.io/paused-until": "2999-01-01T00:00:00Z"}), "paused"),
    ("pause is over", workload(annotations={"mendlog.io/paused-until": "2020-01-01T00:00Z"}), None),
    ("no zone", workload(annotations={"mendlog.io/paused-until": "2020-01-01T00:00"}), "paused"),
    ("no date", workload(annotations={"mendlog.io/paused-until": "tomorrow"}), "paused"),
    ("kept by another", workload(owner="ArgoCD/shop"), OutcomeReason.OWNED_ELSEWHERE),
    ("scaled by another", workload(owner="HorizontalPodAutoscaler/web"), None),
    ("another generation", workload(generation=5), OutcomeReason.STALE),
    ("another object", workload(uid="uid-2"), OutcomeReason.STALE),
    ("another command was here", workload(marker="c9"), OutcomeReason.STALE),
    ("only its status moved", workload(resource_version="9999"), None),
]


@pytest.mark.parametrize(("seen", "reason"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_guard(seen, reason):
    refusal = guard(command(), seen, NOW_MS)
    assert (refusal.reason if refusal else None) == reason


@pytest.mark.parametrize(
    ("owner", "reason"),
    [
        ("", None),
        ("ArgoCD/shop", None),
        ("Flux/shop", None),
        ("HorizontalPodAutoscaler/web,ArgoCD/shop", None),
        ("Operator/shop", OutcomeReason.OWNED_ELSEWHERE),
        ("ArgoCD/shop,Operator/shop", OutcomeReason.OWNED_ELSEWHERE),
    ],
)
def test_what_no_repository_holds_is_not_taken_back_from_there(owner: str, reason: str | None):
    refusal = guard(command(action=ABORT_CANARY), workload(owner=owner), NOW_MS)
    assert (refusal.reason if refusal else None) == reason


def written(manager: str, time: str, **more: str) -> dict[str, str]:
    return {"manager": manager, "operation": "Update", "time": time, **more}


@pytest.mark.parametrize(
    ("notes", "told"),
    [
        ([written("kubectl-edit", JUST_NOW)], "kubectl-edit at 2025-12-31T23:59:30Z"),
        ([written("kubectl-edit", LONG_AGO)], ""),
        ([written("kubelet", JUST_NOW), written("mendlog", JUST_NOW)], ""),
        ([written("kubectl", JUST_NOW, subresource="status")], ""),
        (
            [written("helm", "2025-12-31T23:59:10Z"), written("ann", JUST_NOW)],
            "ann at 2025-12-31T23:59:30Z",
        ),
        ([{"manager": "old-writer", "operation": "Update"}], ""),
    ],
)
def test_what_is_stale_says_who_has_changed_it_since(notes: list[dict[str, str]], told: str):
    seen = workload(generation=5, body={"metadata": {"managedFields": notes}})
    refusal = guard(command(), seen, NOW_MS)
    assert refusal is not None
    words = "generation is 5, not 4"
    assert refusal.detail == (f"{words}; changed by {told}" if told else words)


def test_who_has_written_decides_nothing():
    body = {"metadata": {"managedFields": [written("kubectl-edit", JUST_NOW)]}}
    assert guard(command(), workload(body=body), NOW_MS) is None
