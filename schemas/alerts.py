"""Alerts: as a producer may write them to `alerts`, and as every source is read once inside."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

ALERT_KEY = "alert_key"
"""The label that holds a sender's own key of an alert, where it has one."""
NO_DATA = "no_data"
"""The label of an alert that says only that its source does not know. Nobody mends a service
because of one, unless a playbook asks for the label."""


class AlertStatus(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that a producer writes to `alerts` in Avro, without the gateway.

    `ends_at_ms` of None or in the future is still firing, as Alertmanager reads it.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at_ms: int | None = None
    ends_at_ms: int | None = None
    generator_url: str = ""


class Sighting(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One alert seen once: what every source's parser produces, and a row of the tape.

    There is one for each alert of each delivery, so it is of the kind that is made in an eighth of
    a dataclass' time.

    A repeat of (source, fingerprint, starts_at_ms, status) tells nothing new; `ends_at_ms` moves
    with every resend and is not part of that identity.
    """

    source: str
    fingerprint: str
    status: AlertStatus
    starts_at_ms: int
    ends_at_ms: int
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
