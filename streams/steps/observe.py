"""`observe`: what a source sent in; sightings on the tape of the cluster that they speak of.

The source's registration decides which that is; a label only where the source is bound to none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas import sightings
from schemas.alerts import ALERT_KEY, AlertStatus, Sighting
from schemas.codec import SchemaById
from schemas.controls import ALL_CLUSTERS
from streams.ingest.formats import catalog as sources
from streams.steps.effects import Effects, InputRecord, OpenStep, Output
from streams.steps.pack import Pack
from streams.steps.reject import reject

CLUSTER = "cluster"
CLUSTERS = "clusters"
"""The header that names those of which the source may speak, where it is bound to no single one."""
RESOLVED = AlertStatus.RESOLVED


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
                record.value,
                source,
                record.header("format"),
                record.at_ms,
                self.registry,
                record.headers,
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
        self, record: InputRecord, seen: Sequence[Sighting], outputs: list[Output]
    ) -> dict[str, list[Sighting]]:
        """Those that belong nowhere are rejected."""
        by_cluster: dict[str, list[Sighting]] = {}
        if (bound := record.header(CLUSTER)) and seen:
            by_cluster[bound] = list(seen)
        else:
            for sighting in seen:
                for name in clusters_of(record, sighting, self.cluster):
                    by_cluster.setdefault(name, []).append(sighting)
        if homeless := by_cluster.pop("", None):
            outputs.append(reject(record, "no_cluster", _homeless(homeless)))
        for name in [name for name in by_cluster if name.startswith(ALL_CLUSTERS)]:
            outputs.append(reject(record, "no_cluster", f"no cluster is called {name[:100]!r}"))
            del by_cluster[name]
        return by_cluster


def clusters_of(record: InputRecord, seen: Sighting, only: str) -> Sequence[str]:
    """Whose tape is told of it, where its source is bound to no single one. An end that carries
    only its sender's key is told to all that the sender may speak for: where nothing began it ends
    nothing."""
    if named := seen.labels.get(CLUSTER):
        return (named,)
    if seen.status is RESOLVED and ALERT_KEY in seen.labels and (of := record.header(CLUSTERS)):
        return tuple(dict.fromkeys(of.split(",")))
    return (only,)


def _homeless(left: Sequence[Sighting]) -> str:
    return (
        f"{len(left)} alert(s) name no cluster: register the source with one, add the label "
        f"`cluster`, or set MENDLOG_CLUSTER; the first is {dict(left[0].labels)}"
    )


def open_observe(incarnation: str, cluster: str, registry: SchemaById | None = None) -> OpenStep:
    return lambda _partition, _entries: ObserveStep(incarnation, cluster, registry)
