"""Attributes of a resource and of a point -> what it is measured on, and the sample's labels."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from streams.ingest.formats.limits import LABELS_MAX, check_count, check_texts
from streams.ingest.formats.parsed import BadField, FaultReason
from streams.ingest.gateway.source import CLUSTER, NAMESPACE
from streams.ingest.otlp.message import Attributes
from streams.ingest.otlp.names import label_name
from streams.ingest.otlp.values import TooDeep, text_of
from streams.ingest.samples.gathered import SERIES_BYTES_MAX
from streams.ingest.samples.target import TARGET, Target

OF_RESOURCE = {
    "cloud.region": "region",
    "cloud.account.id": "account",
    "k8s.job.name": "job_name",
    "k8s.hpa.name": "horizontalpodautoscaler",
    "service.name": "service",
}
"""Beside these `k8s.KIND.name` is KIND, as kube-state-metrics names its labels; the rest of what a
resource says of itself is left out, as Prometheus leaves it out."""
_OF_KUBERNETES = re.compile(r"k8s\.([a-z]+)\.name")
_SERVICE, _SERVICE_NAMESPACE = "service.name", "service.namespace"
_INSTANCE = "service.instance.id"
TOLD_BY_RESOURCE = (CLUSTER, "job", "instance")
"""Where both say it the resource is right, as a target is that is scraped; the point's own word is
`exported_cluster` and so on. A Kafka's or a database's `cluster` is not ours."""
_KNOWN_MAX = 16_384
KNOWN_BYTES_MAX = 1024
_KNOWN_VALUE_BYTES_MAX = 256

Raw = tuple[bytes, ...]
"""Attributes, each still as it came."""


Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Place:
    target: Target
    labels: Pairs
    """The sample's own, sorted."""
    namespaces: Pairs
    """Of all labels those that say of which namespace it is."""
    size: int
    """In characters, all labels with their names."""


def read_resource(raw: bytes) -> Pairs:
    """What it is measured on, as far as its resource says it. Raises BadField."""
    if len(raw) > SERIES_BYTES_MAX:
        why = f"longer than {SERIES_BYTES_MAX} bytes"
        raise BadField("resource", why, FaultReason.OVER_LIMIT)
    try:
        found = dict(_pairs("resource", Attributes.FromString(raw).attributes))
    except DecodeError:
        raise BadField("resource", "no resource in protobuf and UTF-8") from None
    labels = {}
    for key, text in found.items():
        kubernetes = _OF_KUBERNETES.fullmatch(key)
        name = OF_RESOURCE.get(key) or (kubernetes.group(1) if kubernetes else "")
        if name:
            labels[name] = text
    if service := found.get(_SERVICE):
        namespace = found.get(_SERVICE_NAMESPACE)
        labels["job"] = f"{namespace}/{service}" if namespace else service
    if instance := found.get(_INSTANCE):
        labels["instance"] = instance
    return tuple(sorted((name, text) for name, text in labels.items() if text))


def place_of(resource: Pairs, attributes: Raw) -> Place:
    """Raises BadField."""
    size = sum(len(text) for _, text in resource) + sum(map(len, attributes))
    return (_known_place if size <= KNOWN_BYTES_MAX else _place)(resource, attributes)


def _place(resource: Pairs, attributes: Raw) -> Place:
    of_resource, own = dict(resource), _point(attributes)
    for name in TOLD_BY_RESOURCE:
        if name in of_resource and own.get(name, of_resource[name]) != of_resource[name]:
            own[f"exported_{name}"] = own.pop(name)
    labels = of_resource | own
    check_count("labels", labels)
    namespaces = tuple([pair for pair in labels.items() if NAMESPACE in pair[0].lower()])
    size = sum(len(name) + len(text) for name, text in labels.items())
    take = labels.pop
    target = tuple([take(of_target, "") for of_target in TARGET])
    return Place(target, tuple(sorted(labels.items())), namespaces, size)


_known_place = lru_cache(_KNOWN_MAX)(_place)
"""The same series come at every export."""


def _point(attributes: Raw) -> dict[str, str]:
    """Two that become the same name are one label, as Prometheus joins them."""
    labels: dict[str, str] = {}
    for key, text in sorted(_pairs("attributes", attributes)):
        name = label_name(key)
        if not name or not text or name.startswith("__"):  # These Prometheus keeps for itself.
            continue
        labels[name] = f"{labels[name]};{text}" if name in labels else text
    return labels


def _pairs(field: str, attributes: Sequence[bytes]) -> list[tuple[str, str]]:
    if len(attributes) > LABELS_MAX:
        why = f"{len(attributes)} of them, at most {LABELS_MAX} are taken"
        raise BadField(field, why, FaultReason.OVER_LIMIT)
    return [
        (_known_pair if len(raw) <= _KNOWN_VALUE_BYTES_MAX else _pair)(field, raw)
        for raw in attributes
    ]


def _pair(field: str, raw: bytes) -> tuple[str, str]:
    try:
        message = KeyValue.FromString(raw)
        key, text = message.key, text_of(message.value)
    except DecodeError:
        raise BadField(field, "one is no attribute in protobuf and UTF-8") from None
    except TooDeep:
        raise BadField(field, "nested too deep", FaultReason.OVER_LIMIT) from None
    check_texts(field, {key: text})
    return key, text


_known_pair = lru_cache(_KNOWN_MAX)(_pair)
"""Most attributes of a point are those of others, and of itself a moment ago."""
