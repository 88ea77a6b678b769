"""`observe`: what a source sent in; sightings on the tape of the cluster that they speak of.

The source's registration decides which that is; a label only where the source is bound to none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas import sightings
from schemas.alerts import Sighting
from schemas.codec import SchemaById
from schemas.controls import ALL_CLUSTERS
from streams.ingest import sources
from streams.steps.effects import Effects, InputRecord, OpenStep, Output
from streams.steps.pack import Pack
from streams.steps.reject import reject

CLUSTER = "cluster"


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
        return self.apply_all([record])

    def apply_all(self, records: Sequence[InputRecord]) -> Effects:
        """What has queued for a cluster goes onto its tape together."""
        outputs: list[Output] = []
        packs: dict[str, Pack] = {}
        for record in records:
            source = record.header("source") or "unknown"
            read = sources.read(
                record.value, source, record.header("format"), record.at_ms, self.registry
            )
            outputs += [reject(record, f.reason, str(f), f.body or None) for f in read.faults]
            by_cluster = self._by_cluster(record, read.sightings, outputs)
            for cluster in sorted(by_cluster):
                pack = packs.setdefault(cluster, Pack(cluster, self.incarnation))
                outputs += pack.take(record, [sightings.row_bytes(s) for s in by_cluster[cluster]])
        for pack in packs.values():
            outputs += pack.close()
        return Effects(outputs=tuple(outputs))

    def _by_cluster(
        self, record: InputRecord, seen: Iterable[Sighting], outputs: list[Output]
    ) -> dict[str, list[Sighting]]:
        """Those that belong nowhere are rejected."""
        by_cluster: dict[str, list[Sighting]] = {}
        bound = record.header(CLUSTER)
        for sighting in seen:
            name = bound or sighting.labels.get(CLUSTER) or self.cluster
            by_cluster.setdefault(name, []).append(sighting)
        if homeless := by_cluster.pop("", None):
            outputs.append(reject(record, "no_cluster", _homeless(homeless)))
        for name in [name for name in by_cluster if name.startswith(ALL_CLUSTERS)]:
            outputs.append(reject(record, "no_cluster", f"no cluster is called {name[:100]!r}"))
            del by_cluster[name]
        return by_cluster


def _homeless(left: Sequence[Sighting]) -> str:
    return (
        f"{len(left)} alert(s) name no cluster: register the source with one, add the label "
        f"`cluster`, or set MENDLOG_CLUSTER; the first is {dict(left[0].labels)}"
    )


def open_observe(incarnation: str, cluster: str, registry: SchemaById | None = None) -> OpenStep:
    return lambda _partition, _entries: ObserveStep(incarnation, cluster, registry)
