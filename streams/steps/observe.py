"""`observe`: what a source sent in; sightings on the tape of the cluster that they speak of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemas import sightings
from schemas.alerts import Sighting
from schemas.codec import SchemaById, encode
from schemas.controls import ALL_CLUSTERS
from schemas.tape import Origin, TapeRecord
from schemas.topics import TAPE, TAPE_RECORD_BYTES_MAX, TAPE_SIGHTINGS_MAX
from streams.ingest import sources
from streams.steps.effects import Effects, InputRecord, OpenStep, Output
from streams.steps.reject import reject

CLUSTER = "cluster"
ROOM_BYTES = 4_096
"""What a tape record needs beside its sightings."""


@dataclass(frozen=True, slots=True)
class ObserveStep:
    """Stateless: its journal holds a cursor and nothing else."""

    incarnation: str
    """Of the `alerts` topic; part of every origin."""
    cluster: str
    """Of alerts that name none, where only one cluster is watched."""
    registry: SchemaById | None = None
    now_ms: int = 0
    next_due_ms: int | None = None

    def apply(self, record: InputRecord) -> Effects:
        source = record.header("source") or "unknown"
        read = sources.read(
            record.value, source, record.header("format"), record.at_ms, self.registry
        )
        outputs = [reject(record, f.reason, str(f), f.body or None) for f in read.faults]
        by_cluster: dict[str, list[Sighting]] = {}
        for sighting in read.sightings:
            by_cluster.setdefault(self._cluster(record, sighting), []).append(sighting)
        if homeless := by_cluster.pop("", None):
            outputs.append(reject(record, "no_cluster", _homeless(homeless)))
        for name in [name for name in by_cluster if name.startswith(ALL_CLUSTERS)]:
            outputs.append(reject(record, "no_cluster", f"no cluster is called {name[:100]!r}"))
            del by_cluster[name]
        return Effects(outputs=(*outputs, *self._facts(record, by_cluster)))

    def _cluster(self, record: InputRecord, sighting: Sighting) -> str:
        """The source's registration decides; a label only where the source is bound to none."""
        return record.header(CLUSTER) or sighting.labels.get(CLUSTER) or self.cluster

    def _facts(
        self, record: InputRecord, by_cluster: Mapping[str, Sequence[Sighting]]
    ) -> Iterator[Output]:
        index = 0
        for cluster in sorted(by_cluster):
            for rows in _portions([sightings.row_bytes(s) for s in by_cluster[cluster]]):
                origin = Origin(
                    record.topic.noun, self.incarnation, record.partition, record.offset, index
                )
                seen = sightings.pack_rows(rows, received_at_ms=record.at_ms)
                fact = TapeRecord(cluster, seen, origin)
                yield Output(TAPE, cluster.encode(), encode(fact))
                index += 1


def _homeless(left: Sequence[Sighting]) -> str:
    return (
        f"{len(left)} alert(s) name no cluster: register the source with one, add the label "
        f"`cluster`, or set MENDLOG_CLUSTER; the first is {dict(left[0].labels)}"
    )


def _portions(rows: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Rows in tape records' worth, in order."""
    portion: list[bytes] = []
    size = 0
    for row in rows:
        full = len(portion) == TAPE_SIGHTINGS_MAX
        if portion and (full or size + len(row) > TAPE_RECORD_BYTES_MAX - ROOM_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(row)
        size += len(row) + 1
    if portion:
        yield portion


def open_observe(incarnation: str, cluster: str, registry: SchemaById | None = None) -> OpenStep:
    return lambda _partition, _entries: ObserveStep(incarnation, cluster, registry)
