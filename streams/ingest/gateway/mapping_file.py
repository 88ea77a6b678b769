"""The section `mapping` of a source: YAML into a mapping, or all that is wrong with it."""

from typing import get_args

from yaml.nodes import MappingNode, Node, ScalarNode

from streams.ingest.formats.expression import BadExpression, expression
from streams.ingest.formats.mapping import Mapping, TimeUnit, compiled, complaints
from streams.ingest.formats.parsed import BadField
from streams.reading.nodes import Reading, Section

KEYS = (
    "alerts, status, firing, resolved, labels, static_labels, annotations, starts_at, ends_at, "
    "time_unit, zone, key"
)
UNITS: tuple[TimeUnit, ...] = get_args(TimeUnit)


def mapping_of(reading: Reading, node: Node) -> Mapping:
    """Notes every fault at its place; what is given back is of use only where there is none."""
    faults_before = len(reading.faults)
    section = Section(reading, node, "a mapping")
    places = _places(node)
    mapping = Mapping(
        alerts=section.may("alerts", lambda n: _expression(reading, n), None),
        status=section.need("status", lambda n: _expression(reading, n), ""),
        firing=section.need("firing", reading.texts, ()),
        resolved=section.need("resolved", reading.texts, ()),
        labels=section.may("labels", lambda n: _each(reading, n, expressions=True), {}),
        static_labels=section.may("static_labels", lambda n: _each(reading, n), {}),
        annotations=section.may("annotations", lambda n: _each(reading, n, expressions=True), {}),
        starts_at=section.may("starts_at", lambda n: _expression(reading, n), None),
        ends_at=section.may("ends_at", lambda n: _expression(reading, n), None),
        time_unit=section.may("time_unit", lambda n: _unit(reading, n), "iso"),
        zone=section.may("zone", reading.text, None),
        key=section.may("key", lambda n: _expression(reading, n), None),
    )
    section.done(KEYS)
    if len(reading.faults) == faults_before:
        for field, why in complaints(mapping):
            reading.fault(places.get(field.partition(".")[0], node), f"{field}: {why}")
    if len(reading.faults) == faults_before:
        try:
            compiled(mapping)
        except BadField as bad:
            reading.fault(node, str(bad))
    return mapping


def _places(node: Node) -> dict[str, Node]:
    if not isinstance(node, MappingNode):
        return {}
    return {key.value: value for key, value in node.value if isinstance(key, ScalarNode)}


def _expression(reading: Reading, node: Node) -> str:
    text = reading.text(node)
    try:
        # What is no text has been told.
        expression(text if isinstance(node, ScalarNode) and text == node.value else "@")
    except BadExpression as bad:
        reading.fault(node, str(bad))
    return text


def _each(reading: Reading, node: Node, *, expressions: bool = False) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in Section(reading, node, "names and what they stand for").rest():
        found[key.value] = _expression(reading, value) if expressions else reading.text(value)
    return found


def _unit(reading: Reading, node: Node) -> TimeUnit:
    text = reading.text(node)
    for unit in UNITS:
        if text == unit:
            return unit
    reading.fault(node, f"expected {', '.join(UNITS)} instead of {text!r}")
    return "iso"
