"""What was gathered, as records of Kafka; what was not, in words."""

from collections.abc import Sequence

from schemas.topics import METRICS
from streams.ingest.gateway.source import CLUSTER, Source
from streams.ingest.produce import Record
from streams.ingest.samples.bundle import Measured
from streams.ingest.samples.gathered import Gathered
from streams.ingest.series_key import series_key


def records_of(measured: Sequence[Measured], source: Source, topic_prefix: str) -> list[Record]:
    topic, headers = METRICS.name(topic_prefix), (("source", source.name.encode()),)
    return [
        Record(
            topic,
            one.value,
            series_key(one.labels, one.labels.get("instance", "")).encode(),
            headers,
            place_by=one.labels.get(CLUSTER, ""),
        )
        for one in measured
    ]


def complaint(gathered: Gathered, count: int, of: int, what: str) -> str:
    """Empty where nothing is to be complained of."""
    if not count:
        return ""
    shown = "; ".join(map(str, gathered.faults))
    more = "" if count <= len(gathered.faults) else "; and more"
    return f"{count} of {of} {what} were not taken: {shown}{more}"
