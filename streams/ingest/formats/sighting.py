"""One alert's fields -> a Sighting: the rules that all sources share."""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.alerts import AlertStatus, Sighting
from schemas.ids import fingerprint
from streams.ingest.formats.limits import check_count, check_size, check_texts
from streams.ingest.formats.parsed import BadField, FaultReason

UNSET_MS = 0
"""`ends_at_ms` of an alert whose end is not known."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The labels that an alert is known by."""

    labels: Mapping[str, str]
    fingerprint: str


def identity(labels: Mapping[str, str]) -> Identity:
    """Raises BadField."""
    kept = usable(labels)
    return Identity(kept, fingerprint(kept))


def check(
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    starts_at_ms: int | None,
    ends_at_ms: int | None,
    suspect_text: bool = True,
) -> None:
    """Raises BadField for what no sighting can be made of, its labels being usable."""
    check_count("annotations", annotations)
    if suspect_text:
        check_texts("labels", labels)
        check_texts("annotations", annotations)
        check_size(labels, annotations)
    if starts_at_ms is not None and ends_at_ms is not None and ends_at_ms < starts_at_ms:
        raise BadField("endsAt", "before startsAt", FaultReason.WRONG_TIME)


def sighting(
    source: str,
    who: Identity,
    annotations: Mapping[str, str],
    starts_at_ms: int | None,
    ends_at_ms: int | None,
    received_ms: int,
    status: AlertStatus | None = None,
    suspect_text: bool = True,
) -> Sighting:
    """Raises BadField. `status` None: what `ends_at_ms` says, as Alertmanager reads it."""
    check(who.labels, annotations, starts_at_ms, ends_at_ms, suspect_text)
    if starts_at_ms is None:
        starts_at_ms = received_ms if ends_at_ms is None else min(received_ms, ends_at_ms)
    return Sighting(
        source,
        who.fingerprint,
        status or _status(ends_at_ms, received_ms),
        starts_at_ms,
        UNSET_MS if ends_at_ms is None else ends_at_ms,
        who.labels,
        annotations,
    )


def usable(labels: Mapping[str, str]) -> Mapping[str, str]:
    """Raises BadField."""
    if "" in labels.values():  # To Prometheus an empty label is one that is not there.
        labels = {name: value for name, value in labels.items() if value}
    if not labels:
        raise BadField("labels", "at least one label is needed", FaultReason.NO_LABELS)
    if "" in labels:
        raise BadField("labels", "a label has no name")
    check_count("labels", labels)
    return labels


def _status(ends_at_ms: int | None, received_ms: int) -> AlertStatus:
    # Prometheus sends a future end with every firing alert: a deadline, not a resolution.
    ended = ends_at_ms is not None and ends_at_ms <= received_ms
    return AlertStatus.RESOLVED if ended else AlertStatus.FIRING
