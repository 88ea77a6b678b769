"""What is done with a delivery once it is checked: which records are written, what is answered."""

from dataclasses import dataclass

from schemas.codec import encode
from schemas.ids import digest
from schemas.rejects import Reject
from schemas.topics import ALERTS, BODY_BYTES_MAX, REJECTS
from streams.ingest.formats.catalog import FORMATS
from streams.ingest.formats.json_split import join_array
from streams.ingest.formats.parsed import Checked, Fault, FaultReason
from streams.ingest.gateway.source import Source
from streams.ingest.produce import Record

DETAIL_LENGTH_MAX = 1000
CORRELATION_LENGTH_MAX = 128
NOWHERE = -1
"""Partition and offset of what never was in a topic."""
SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One body from one source, checked."""

    source: Source
    format: str
    body: bytes
    checked: Checked
    received_ms: int
    correlation_id: str

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What was wrong with it; that the sender left alerts out is no fault of the rest."""
        return tuple(f for f in self.checked.faults if f.reason is not FaultReason.TRUNCATED)

    @property
    def is_truncated(self) -> bool:
        return len(self.faults) < len(self.checked.faults)

    @property
    def status(self) -> int:
        """Alertmanager answers 400 when one alert is bad, having taken the others."""
        if not self.faults or (self.checked.count and FORMATS[self.format].gives_up):
            return 200
        not_allowed = all(fault.reason is FaultReason.NOT_ALLOWED for fault in self.faults)
        return 403 if not_allowed and not self.checked.count else 400

    @property
    def complaint(self) -> str:
        """All that was wrong, or as much of it as fits."""
        shown: list[str] = []
        length = 0
        for fault in self.faults:
            length += len(str(fault)) + 2
            if shown and length > DETAIL_LENGTH_MAX:
                return "; ".join(shown) + f"; and {len(self.faults) - len(shown)} more"
            shown.append(str(fault)[:DETAIL_LENGTH_MAX])
        return "; ".join(shown)

    def records(self, prefix: str) -> list[Record]:
        """The good alerts, and the bad ones; nothing of a body that could not be taken apart."""
        records = []
        if self.checked.count:
            records.append(Record(ALERTS.name(prefix), self._good(), headers=self._headers()))
        if any(fault.index is not None for fault in self.faults):
            key = self.source.name.encode()
            records.append(Record(REJECTS.name(prefix), encode(self._reject()), key))
        return records

    def _good(self) -> bytes:
        bad = frozenset(f.index for f in self.faults if f.index is not None)
        without = FORMATS[self.format].without
        return without(self.body, bad) if bad and without else self.body

    def _reject(self) -> Reject:
        """One record for all: its body can be posted again once it is mended."""
        bad = join_array([fault.body for fault in self.faults])
        reasons = {fault.reason.value for fault in self.faults}
        return Reject(
            topic=ALERTS.noun,
            partition=NOWHERE,
            offset=NOWHERE,
            reason=reasons.pop() if len(reasons) == 1 else SEVERAL,
            detail=self.complaint,
            source=self.source.name,
            at_ms=self.received_ms,
            body=bad[:BODY_BYTES_MAX],
            truncated=len(bad) > BODY_BYTES_MAX,
        )

    def _headers(self) -> tuple[tuple[str, bytes], ...]:
        headers = {
            "source": self.source.name,
            "format": self.format,
            "correlation-id": self.correlation_id,
        }
        if self.source.cluster:
            headers["cluster"] = self.source.cluster
        elif self.source.clusters:
            headers["clusters"] = ",".join(self.source.clusters)
        return tuple((name, value.encode()) for name, value in headers.items())


def correlation_id(given: str | None, source: Source, body: bytes) -> str:
    """The sender's, where it is a plain word; else one that the same body always gets."""
    if given and len(given) <= CORRELATION_LENGTH_MAX and all("!" <= c <= "~" for c in given):
        return given
    return digest("delivery", source.name, body)
