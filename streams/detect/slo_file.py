"""A service level objective from an OpenSLO file: text into a value, or all that is wrong with it.

OpenSLO leaves a metric source's `spec` to its type. So a file for us, of type `Mendlog`, is a whole
OpenSLO file that other tools check and show; Sloth's would hold PromQL, which nothing here runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from yaml.nodes import MappingNode, Node, ScalarNode

from streams.core.matching import Matchers
from streams.detect.burn import BUDGET_MS, Slo
from streams.detect.rule import Selector
from streams.policy import matchers
from streams.reading.nodes import Reading, Section, spoken

NOTHING = Selector("", Matchers())


@dataclass(frozen=True, slots=True)
class Indicator:
    bad: Selector
    total: Selector


def compile_slo(text: str, file: str, by: tuple[str, ...], labels: Mapping[str, str]) -> Slo:
    reading = Reading(file)
    top = Section(reading, reading.root(text), "an SLO")
    top.need("apiVersion", lambda n: _word(reading, n, "openslo/v1"), None)
    top.need("kind", lambda n: _word(reading, n, "SLO"), None)
    name = top.need("metadata", lambda n: _name(reading, n), "")
    found = top.need("spec", lambda n: _spec(reading, n, name, by, labels), None)
    top.done("apiVersion, kind, metadata, spec")
    reading.stop_at_faults()
    assert found is not None
    return found


def _name(reading: Reading, node: Node) -> str:
    section = Section(reading, node, "metadata")
    name = section.need("name", reading.text, "")
    for ours in ("displayName", "labels", "annotations"):
        section.may(ours, lambda _: None, None)
    section.done("name, displayName, labels, annotations")
    return name


def _spec(
    reading: Reading, node: Node, name: str, by: tuple[str, ...], labels: Mapping[str, str]
) -> Slo:
    section = Section(reading, node, "the spec of an SLO")
    section.may("description", reading.text, "")
    service = section.need("service", reading.text, "")
    nothing = Indicator(NOTHING, NOTHING)
    seen = section.need("indicator", lambda n: _indicator(reading, n), nothing)
    section.need("timeWindow", lambda n: _time_window(reading, n), None)
    section.need("budgetingMethod", lambda n: _word(reading, n, "Occurrences"), None)
    target = section.need("objectives", lambda n: _objective(reading, n), 0.5)
    section.done("description, service, indicator, timeWindow, budgetingMethod, objectives")
    return Slo(name, service, seen.bad, seen.total, target, by, labels)


def _indicator(reading: Reading, node: Node) -> Indicator:
    section = Section(reading, node, "an indicator")
    section.may("metadata", lambda n: _name(reading, n), "")
    nothing = Indicator(NOTHING, NOTHING)
    found = section.need("spec", lambda n: _indicator_spec(reading, n), nothing)
    section.done("metadata, spec")
    return found


def _indicator_spec(reading: Reading, node: Node) -> Indicator:
    section = Section(reading, node, "the spec of an indicator")
    found = section.need("ratioMetric", lambda n: _ratio(reading, n), Indicator(NOTHING, NOTHING))
    section.done("ratioMetric")
    return found


def _ratio(reading: Reading, node: Node) -> Indicator:
    section = Section(reading, node, "a ratio")
    counter = section.need("counter", lambda n: (n, reading.flag(n)), None)
    if counter and not counter[1]:
        reading.fault(counter[0], "expected true: the increases of counters are compared")
    bad = section.need("bad", lambda n: _source(reading, n), NOTHING)
    total = section.need("total", lambda n: _source(reading, n), NOTHING)
    section.done("counter, bad, total")
    return Indicator(bad, total)


def _source(reading: Reading, node: Node) -> Selector:
    outer = Section(reading, node, "a metric")
    inner = outer.need("metricSource", lambda n: Section(reading, n, "a metric source"), None)
    outer.done("metricSource")
    if inner is None:
        return NOTHING
    inner.need("type", lambda n: _word(reading, n, "Mendlog"), None)
    found = inner.need("spec", lambda n: selector(reading, n), NOTHING)
    inner.done("type, spec")
    return found


def selector(reading: Reading, node: Node) -> Selector:
    section = Section(reading, node, "a selector")
    metric = section.need("metric", reading.text, "")
    found = section.may("match", lambda n: matchers.read_list(reading, n), Matchers())
    section.done("metric, match")
    return Selector(metric, found)


def _time_window(reading: Reading, node: Node) -> None:
    for item in _only(reading, node):
        section = Section(reading, item, "a time window")
        duration = section.need("duration", lambda n: (n, reading.duration_ms(n)), None)
        rolling = section.need("isRolling", lambda n: (n, reading.flag(n)), None)
        section.done("duration, isRolling")
        if duration and duration[1] != BUDGET_MS:
            reading.fault(duration[0], f"expected {spoken(BUDGET_MS)}, which the factors are for")
        if rolling and not rolling[1]:
            reading.fault(rolling[0], "expected true: budgets of calendar months are not kept")


def _objective(reading: Reading, node: Node) -> float:
    target = 0.5
    for item in _only(reading, node):
        section = Section(reading, item, "an objective")
        section.may("displayName", reading.text, "")
        target = section.need("target", lambda n: _share(reading, n), 0.5)
        section.done("displayName, target")
    return target


def _only(reading: Reading, node: Node) -> list[Node]:
    items = reading.items(node, least=1)
    for more in items[1:]:
        reading.fault(more, "expected one")
    return items[:1]


def _share(reading: Reading, node: Node) -> float:
    value = decimal(reading, node)
    if not 0.0 < value < 1.0:
        reading.fault(node, "expected a share between 0 and 1, such as 0.999")
        return 0.5
    return value


def decimal(reading: Reading, node: Node) -> float:
    """NaN, which no range has in it, where there is no number."""
    try:
        return float(node.value) if isinstance(node, ScalarNode) else float("nan")
    except ValueError:
        return float("nan")


def words_of(reading: Reading, node: Node) -> dict[str, str]:
    if not isinstance(node, MappingNode):
        reading.fault(node, "expected names and texts")
        return {}
    return {reading.text(key): reading.text(value) for key, value in node.value}


def _word(reading: Reading, node: Node, expected: str) -> None:
    if reading.text(node) != expected:
        reading.fault(node, f"expected {expected}")
