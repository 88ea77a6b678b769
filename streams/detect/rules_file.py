"""The file of detections: text into rules, or all that is wrong with it."""

from pathlib import Path

from yaml.nodes import MappingNode, Node, ScalarNode

from streams.core.matching import Matchers
from streams.detect.rule import RatioRule, Selector
from streams.policy import matchers
from streams.reading.faults import Fault, FileError
from streams.reading.nodes import Reading, Section

_NOTHING = Selector("", lambda _labels: False)


def load_rules(path: Path) -> tuple[RatioRule, ...]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as fault:
        raise FileError([Fault(str(path), 1, 1, f"not UTF-8: {fault.reason}")]) from None
    return compile_rules(text, str(path))


def compile_rules(text: str, file: str = "detections") -> tuple[RatioRule, ...]:
    reading = Reading(file)
    top = Section(reading, reading.root(text), "a file of detections")
    top.need("version", lambda n: reading.whole(n, most=1), 1)
    rules = top.need(
        "detections", lambda n: tuple(_rule(reading, item) for item in reading.items(n)), ()
    )
    top.done("version, detections")
    _refuse_twins(reading, top.node, rules)
    reading.stop_at_faults()
    return rules


def _refuse_twins(reading: Reading, node: Node, rules: tuple[RatioRule, ...]) -> None:
    names = [rule.name for rule in rules]
    for name in sorted({n for n in names if names.count(n) > 1}):
        reading.fault(node, f"two detections are named {name!r}")


def _rule(reading: Reading, node: Node) -> RatioRule:
    section = Section(reading, node, "a detection")
    rule = RatioRule(
        name=section.need("name", reading.text, ""),
        part=section.need("part", lambda n: _selector(reading, n), _NOTHING),
        whole=section.need("whole", lambda n: _selector(reading, n), _NOTHING),
        by=section.need("by", lambda n: reading.texts(n, least=1), ()),
        window_ms=section.need("window", lambda n: reading.duration_ms(n, least=1000), 1000),
        for_ms=section.need("for", lambda n: reading.duration_ms(n, least=0), 0),
        above=section.need("above", lambda n: _share(reading, n), 0.0),
        least=float(section.need("least", reading.whole, 1)),
        labels=section.may("labels", lambda n: _words(reading, n), {}),
        annotations=section.may("annotations", lambda n: _words(reading, n), {}),
    )
    section.done("name, part, whole, by, window, for, above, least, labels, annotations")
    return rule


def _selector(reading: Reading, node: Node) -> Selector:
    section = Section(reading, node, "a selector")
    metric = section.need("metric", reading.text, "")
    found = section.may("match", lambda n: matchers.read_list(reading, n), Matchers())
    section.done("metric, match")
    return Selector(metric, found)


def _share(reading: Reading, node: Node) -> float:
    text = node.value if isinstance(node, ScalarNode) else ""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value < 1.0:
        reading.fault(node, "expected a share between 0 and 1, such as 0.05")
    return value


def _words(reading: Reading, node: Node) -> dict[str, str]:
    if not isinstance(node, MappingNode):
        reading.fault(node, "expected names and texts")
        return {}
    return {reading.text(key): reading.text(value) for key, value in node.value}
