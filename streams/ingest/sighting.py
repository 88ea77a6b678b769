"""One alert's fields -> a Sighting: the rules that all sources share."""

from collections.abc import Mapping

from schemas.alerts import AlertStatus, Sighting
from schemas.ids import fingerprint
from streams.ingest.limits import check_count, check_size, check_texts
from streams.ingest.parsed import BadField, FaultReason

UNSET_MS = 0
"""`ends_at_ms` of an alert whose end is not known."""


def sighting(
    source: str,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    starts_at_ms: int | None,
    ends_at_ms: int | None,
    received_ms: int,
    status: AlertStatus | None = None,
    suspect_text: bool = True,
) -> Sighting:
    """Raises BadField. `status` None: what `ends_at_ms` says, as Alertmanager reads it."""
    labels = _usable(labels)
    check_count("annotations", annotations)
    if suspect_text:
        check_texts("labels", labels)
        check_texts("annotations", annotations)
        check_size(labels, annotations)
    if starts_at_ms is None:
        starts_at_ms = received_ms if ends_at_ms is None else min(received_ms, ends_at_ms)
    elif ends_at_ms is not None and ends_at_ms < starts_at_ms:
        raise BadField("endsAt", "before startsAt", FaultReason.WRONG_TIME)
    return Sighting(
        source,
        fingerprint(labels),
        status or _status(ends_at_ms, received_ms),
        starts_at_ms,
        UNSET_MS if ends_at_ms is None else ends_at_ms,
        labels,
        annotations,
    )


def _usable(labels: Mapping[str, str]) -> Mapping[str, str]:
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
