"""`alerts.txt`, read: what the library is meant to do with every alert."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("alerts.txt")


@dataclass(frozen=True, slots=True)
class Row:
    alert: str
    severity: str
    done: frozenset[str]
    why: str

    @property
    def labels(self) -> dict[str, str]:
        """As the alert is sent, with the labels that the library asks for."""
        return {
            "alertname": self.alert,
            "severity": self.severity,
            "namespace": "shop",
            "job": "kube-state-metrics" if self.alert.startswith("Kube") else "any",
            "reason": "ImagePullBackOff",
            "resource": "pods",
        }


def rows() -> list[Row]:
    return [row for line in TABLE.read_text().splitlines() for row in _of(line)]


def _of(line: str) -> Iterator[Row]:
    """One for each severity that the alert comes in."""
    if not line or line.startswith("#"):
        return
    alert, severities, done, why = (part.strip() for part in line.split("|"))
    for severity in severities.split():
        yield Row(alert, severity, frozenset(part.strip() for part in done.split(",")), why)
