"""What is never remediated, whatever a playbook says: a machine makes these worse.

A policy adds to this list under `never` and cannot take from it.
"""

import re
from dataclasses import dataclass

from streams.core.matching import Matchers
from streams.core.playbook import Playbook
from streams.policy.matchers import parse_all


@dataclass(frozen=True, slots=True)
class Never:
    alerts: str
    """A regular expression over `alertname`, RE2's and anchored."""
    why: str

    @property
    def matchers(self) -> Matchers:
        return parse_all(f'alertname=~"{self.alerts}"')


NEVER = (
    Never(
        "KubeAPIDown|KubeAPIErrorBudgetBurn|KubeAPITerminatedRequests|KubeAggregatedAPI.*",
        "the API that we would act through is what fails",
    ),
    Never("etcd.*|Etcd.*", "the cluster's memory: a wrong move loses data"),
    Never(
        "KubeClientCertificateExpiration|KubeletClientCertificate.*|KubeletServerCertificate.*"
        "|.*Certificate.*Expir.*|CertManager.*",
        "a certificate is renewed by whoever issues it; a restart hides that",
    ),
    Never(
        "KubeletDown|KubeSchedulerDown|KubeControllerManagerDown|KubeProxyDown",
        "the cluster's own parts",
    ),
    Never(
        "KubeQuota.*|KubeCPUQuotaOvercommit|KubeMemoryQuotaOvercommit",
        "a quota was set by people, for a reason",
    ),
    Never("NodeRAID.*", "disks: a human with a spare"),
    Never("NodeClock.*", "with a wrong clock nothing that we measure is true"),
    Never("KubeVersionMismatch", "an upgrade is under way"),
)
NEVER_MATCHERS = tuple(never.matchers for never in NEVER)
_LITERAL = re.compile(r"[^.+*?(){}\[\]|^$\\]+")


def why_never(book: Playbook) -> str:
    """Where a playbook's matchers name an alert of the list literally: what and why."""
    for name in sorted(_named(book.matches)):
        for never, matchers in zip(NEVER, NEVER_MATCHERS, strict=True):
            if matchers({"alertname": name}):
                return f"{name} is never remediated: {never.why}"
    return ""


def _named(matches: Matchers) -> set[str]:
    """The alerts that the matchers name one by one: `=`, or alternatives without any pattern."""
    names: set[str] = set()
    for m in matches.all:
        if m.label == "alertname" and m.op == "=":
            names.add(m.value)
        elif m.label == "alertname" and m.op == "=~":
            parts = m.value.split("|")
            names |= {part for part in parts if _LITERAL.fullmatch(part)}
    return names
