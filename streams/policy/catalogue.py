"""The catalogue: services, enrichments, severities, and what each source may choose."""

from yaml.nodes import Node

from streams.core.policy import Enrichment, Service, Severity, SourceScope
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
    map_of,
    names,
    record,
    refers_to,
)

RECEIVERS = list_of(refers_to("receiver"))


def _namespace(reading: Reading, node: Node, name: str) -> None:
    if not name or "*" in name:
        reading.fault(node, "expected the name of one namespace")


NAMESPACE = checked(TEXT, _namespace)


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
        },
        lambda found: SourceScope(frozenset(found["clusters"]), frozenset(found["namespaces"])),
    ),
)


def refuse_cycles(reading: Reading, services: tuple[Service, ...]) -> None:
    """A service that depends on itself, by whatever way: no one of them would be the root."""
    depends = {service.name: service.depends_on for service in services}
    for name in depends:
        way = _way_back(name, depends)
        if way:
            node = reading.names.defined("service")[name]
            reading.fault(node, f"depends on itself: {' → '.join([*way, name])}")


def _way_back(start: str, depends: dict[str, tuple[str, ...]]) -> list[str]:
    """The services from `start` back to it, without the last step; empty where there is no way."""
    came_from: dict[str, str] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop(0)
        for other in depends.get(name, ()):
            if other == start:
                return _steps_to(name, start, came_from)
            if other not in came_from:
                came_from[other] = name
                waiting.append(other)
    return []


def _steps_to(name: str, start: str, came_from: dict[str, str]) -> list[str]:
    way = [name]
    while way[0] != start:
        way.insert(0, came_from[way[0]])
    return way
