"""What the senders say: alerts of many pods, over and over, and of some deployments that are slow,
get well and are slow again."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

CLUSTERS = ("demo", "centre", "north", "eu-1")
"""One in each partition. Only the first can be changed; of the others people are told."""
SERVICES, PODS = 200, 100
DEPLOYMENTS = 12
SLOW_EVERY_S, SLOW_FOR_S = 4.0, 20.0
"""One after another: each of them falls ill again when all the others have."""
EACH = 64
"""Alerts in a delivery, as in Prometheus."""

Alert = dict[str, Any]


def deployments() -> list[str]:
    return [f"web-{n}" for n in range(DEPLOYMENTS)]


@dataclass(slots=True)
class Pods:
    """Of all of them, in an order of chance; each alert is a repeat from its second time on."""

    chance: random.Random
    starts_at: str = field(default_factory=lambda: _text(datetime.now(UTC)))

    def deliveries(self) -> Iterator[list[Alert]]:
        while True:
            yield [self._alert(self.chance.randrange(SERVICES * PODS)) for _ in range(EACH)]

    def _alert(self, n: int) -> Alert:
        service = f"service-{n % SERVICES}"
        labels = {
            "alertname": "SoakErrors",
            "cluster": CLUSTERS[n % len(CLUSTERS)],
            "namespace": "shop",
            "service": service,
            "pod": f"{service}-{n // SERVICES}",
            "severity": "warning",
        }
        said = {"summary": "a service answers with errors"}
        return {"labels": labels, "annotations": said, "startsAt": self.starts_at}


@dataclass(frozen=True, slots=True)
class Illness:
    """Of one deployment, from its first alert to its last."""

    deployment: str
    starts_at: str

    @classmethod
    def begins(cls, deployment: str) -> "Illness":
        return cls(deployment, _text(datetime.now(UTC)))

    def firing(self) -> Alert:
        labels = {
            "alertname": "SoakSlow",
            "cluster": CLUSTERS[0],
            "namespace": "shop",
            "deployment": self.deployment,
            "severity": "critical",
        }
        return {"labels": labels, "startsAt": self.starts_at}

    def resolved(self) -> Alert:
        return {**self.firing(), "endsAt": _text(datetime.now(UTC))}


def webhook(alerts: list[Alert]) -> dict[str, Any]:
    """As Alertmanager sends them."""
    told = [{"status": "resolved" if "endsAt" in one else "firing", **one} for one in alerts]
    return {"version": "4", "status": "firing", "receiver": "mendlog", "alerts": told}


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
