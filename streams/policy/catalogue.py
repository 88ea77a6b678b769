"""The catalogue: services, enrichments, severities, and what each source may choose."""

from graphlib import CycleError, TopologicalSorter

from yaml.nodes import Node

from schemas import kinds
from streams.core.catalogue import Enrichment, Service, Severity, SourceScope
from streams.policy.selectors import ANYTHING, LABELS, SOMETHING
from streams.reading.nodes import Reading
from streams.reading.shapes import (
    FLAG,
    TEXT,
    WORDS,
    Found,
    Key,
    Shape,
    checked,
    list_of,
    made,
    map_of,
    names,
    one_of,
    record,
    refers_to,
)

RECEIVERS = list_of(refers_to("receiver"))


def _namespace(reading: Reading, node: Node, name: str) -> None:
    if not name or "*" in name:
        reading.fault(node, "expected the name of one namespace")


NAMESPACE = checked(TEXT, _namespace)
_OF_NO_NAMESPACE = {
    kinds.NODE: "a machine",
    kinds.FLAG: "a feature flag that is kept outside of the cluster",
}
CLUSTER_KINDS: Shape[frozenset[str]] = made(list_of(one_of(_OF_NO_NAMESPACE)), frozenset)


def _cluster(reading: Reading, node: Node, name: str) -> None:
    if not name or "*" in name:
        reading.fault(node, "expected the name of one cluster")


def _links(reading: Reading, node: Node, links: dict[str, str]) -> None:
    for name, url in links.items():
        if not url.startswith(("https://", "http://")):
            reading.fault(node, f"the link {name!r} must begin with https:// or http://")


LINKS = checked(LABELS, _links)

SERVICE: Shape[Service] = record(
    "a service",
    {
        "name": Key(names("service"), "the value of the label `service`"),
        "match": Key(SOMETHING, "which alerts are about it"),
        "owner": Key(WORDS, "who is responsible", ""),
        "criticality": Key(WORDS, "for conditions and people", ""),
        "depends_on": Key(list_of(refers_to("service")), "services it cannot do without", ()),
        "receivers": Key(RECEIVERS, "told beside those of the routes", ()),
        "links": Key(LINKS, "dashboard, runbook, …", {}),
    },
    lambda found: Service(
        name=found["name"],
        matches=found["match"],
        owner=found["owner"],
        criticality=found["criticality"],
        depends_on=found["depends_on"],
        receivers=found["receivers"],
        links=found["links"],
    ),
)


def _enrichment(found: Found) -> Enrichment:
    if not (found["labels"] or found["links"]):
        found.reading.fault(found.node, "an enrichment adds `labels` or `links`")
    return Enrichment(found["match"], found["labels"], found["links"])


ENRICHMENT: Shape[Enrichment] = record(
    "an enrichment",
    {
        "match": Key(ANYTHING, "which alerts; an empty list: all of them"),
        "labels": Key(LABELS, "they win over the sender's", {}),
        "links": Key(LINKS, "dashboard, runbook, …", {}),
    },
    _enrichment,
)
SEVERITIES: Shape[dict[str, Severity]] = map_of(
    WORDS,
    record(
        "a severity",
        {
            "remediate": Key(FLAG, "whether anything may be done"),
            "receivers": Key(RECEIVERS, "told beside those of the routes", ()),
        },
        lambda found: Severity(found["remediate"], found["receivers"]),
    ),
)
SOURCES: Shape[dict[str, SourceScope]] = map_of(
    WORDS,
    record(
        "a source's scope",
        {
            "clusters": Key(list_of(checked(TEXT, _cluster)), "where its alerts may lead to"),
            "namespaces": Key(list_of(NAMESPACE), "where its alerts may lead to"),
            "cluster_kinds": Key(
                CLUSTER_KINDS,
                "of what is in no namespace: where to",
                frozenset(),
            ),
        },
        lambda found: SourceScope(
            frozenset(found["clusters"]), frozenset(found["namespaces"]), found["cluster_kinds"]
        ),
    ),
)


def refuse_cycles(reading: Reading, services: tuple[Service, ...]) -> None:
    """Services that depend on each other in a circle: none of them would be the root."""
    depends = {service.name: service.depends_on for service in services}
    try:
        TopologicalSorter(depends).prepare()
    except CycleError as error:
        circle = error.args[1][::-1]
        node = reading.names.defined("service")[circle[0]]
        reading.fault(node, f"depends on itself: {' → '.join(circle)}")
