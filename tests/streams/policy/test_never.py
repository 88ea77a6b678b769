"""What no policy can have remediated."""

import pytest

from streams.policy.never import NEVER, NEVER_MATCHERS
from tests.streams.policy.texts import WHOLE, changed, fault, policy

ALERTS = [
    "KubeAPIDown",
    "KubeAPIErrorBudgetBurn",
    "KubeAPITerminatedRequests",
    "KubeAggregatedAPIDown",
    "etcdMembersDown",
    "etcdInsufficientMembers",
    "KubeClientCertificateExpiration",
    "KubeletClientCertificateExpiration",
    "KubeletServerCertificateRenewalErrors",
    "KubeletDown",
    "KubeSchedulerDown",
    "KubeControllerManagerDown",
    "KubeQuotaAlmostFull",
    "KubeQuotaExceeded",
    "KubeCPUQuotaOvercommit",
    "NodeRAIDDegraded",
    "NodeRAIDDiskFailure",
    "NodeClockSkewDetected",
    "NodeClockNotSynchronising",
    "KubeVersionMismatch",
]


@pytest.mark.parametrize("alert", ALERTS)
def test_the_list_is_in_every_policy(alert: str) -> None:
    assert any(matchers({"alertname": alert}) for matchers in policy().never)
    found = fault("HighErrors", alert)
    assert f"{alert} is never remediated: " in found


@pytest.mark.parametrize("alert", ["HighErrors", "KubePodCrashLooping", "KubeNodeNotReady", ""])
def test_and_holds_nothing_else(alert: str) -> None:
    assert not any(matchers({"alertname": alert}) for matchers in NEVER_MATCHERS)


def test_every_entry_says_why() -> None:
    assert all(never.why for never in NEVER)


def test_alternatives_are_names_and_patterns_are_left_to_the_rail() -> None:
    several = changed('alertname="HighErrors"', 'alertname=~"HighErrors|KubeletDown"')
    assert several != WHOLE
    assert "KubeletDown is never remediated" in fault(
        'alertname="HighErrors"', 'alertname=~"HighErrors|KubeletDown"'
    )
    wide = policy('alertname="HighErrors"', 'alertname=~"Kube.*"')
    assert wide.playbooks[0].matches({"alertname": "KubeletDown"})
    assert any(matchers({"alertname": "KubeletDown"}) for matchers in wide.never)
