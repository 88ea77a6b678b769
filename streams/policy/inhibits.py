"""The section `inhibit_rules`, with Alertmanager's keys."""

from yaml.nodes import Node

from streams.core.inhibition import InhibitRule
from streams.policy.routes import read_matchers
from streams.reading.nodes import Reading, Section

RULES_MAX = 1_000


def read_inhibit_rules(reading: Reading, node: Node) -> tuple[InhibitRule, ...]:
    items = reading.items(node)
    if len(items) > RULES_MAX:
        reading.fault(node, f"more than {RULES_MAX} rules")
    return tuple(_rule(reading, item) for item in items)


def _rule(reading: Reading, node: Node) -> InhibitRule:
    section = Section(reading, node, "an inhibition rule")
    rule = InhibitRule(
        name=section.may("name", reading.text, ""),
        source=read_matchers(reading, section, "source_"),
        target=read_matchers(reading, section, "target_"),
        equal=section.may("equal", lambda n: _equal(reading, n), ()),
    )
    section.done(
        "name, source_matchers, source_match, source_match_re, "
        "target_matchers, target_match, target_match_re, equal"
    )
    return rule


def _equal(reading: Reading, node: Node) -> tuple[str, ...]:
    """A label named twice is compared once."""
    names = reading.texts(node)
    if "" in names:
        reading.fault(node, "the name of a label cannot be empty")
    return tuple(sorted(set(names)))
