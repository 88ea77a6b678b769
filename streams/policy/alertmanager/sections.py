"""Alertmanager's sections written anew in the policy's spelling, so that its readers judge them.

Every new node stands where the old one stood, so a fault still names the place in the file.
"""

import re
from collections.abc import Callable

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from streams.policy import matchers
from streams.policy.alertmanager.document import MAP, SEQ, STR, is_null
from streams.policy.go_text import FLAGS, duration_ms
from streams.reading.faults import Fault
from streams.reading.nodes import AMBIGUOUS, YEAR_MS, Reading, spoken

Shape = Callable[[Node], Node]
BOOL = "tag:yaml.org,2002:bool"
_WORD = re.compile("[A-Za-z_][A-Za-z0-9_./-]*")


class Rewriting:
    """Keeps note of what a policy has no place for."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.notes: list[Fault] = []

    def note(self, node: Node, text: str) -> None:
        mark = node.start_mark
        self.notes.append(Fault(self._reading.file, mark.line + 1, mark.column + 1, text))

    def route(self, node: Node) -> Node:
        return self._mapping(
            node,
            "a route",
            {
                "receiver": self.text,
                "group_by": self._texts,
                "match": self._map,
                "match_re": self._map_of_regexes,
                "matchers": self._matchers,
                "continue": self._flag,
                "group_wait": self._span,
                "group_interval": self._span,
                "repeat_interval": self._span,
                "mute_time_intervals": self._texts,
                "active_time_intervals": self._texts,
                "routes": lambda n: self.each(n, self.route),
            },
        )

    def inhibit_rule(self, node: Node) -> Node:
        shapes: dict[str, Shape] = {"name": self.text, "equal": self._texts}
        for side in ("source", "target"):
            shapes[f"{side}_match"] = self._map
            shapes[f"{side}_match_re"] = self._map_of_regexes
            shapes[f"{side}_matchers"] = self._matchers
        return self._mapping(node, "an inhibition rule", shapes)

    def time_interval(self, node: Node) -> Node:
        shapes: dict[str, Shape] = {"name": self.text}
        shapes["time_intervals"] = lambda n: self.each(n, self._period)
        return self._mapping(node, "a time interval", shapes)

    def _period(self, node: Node) -> Node:
        texts = ("weekdays", "days_of_month", "months", "years")
        shapes: dict[str, Shape] = {
            "times": lambda n: self.each(n, self._times),
            **dict.fromkeys(texts, self._texts),
            "location": self.text,
        }
        return self._mapping(node, "a time interval", shapes)

    def _times(self, node: Node) -> Node:
        shapes = {"start_time": self.text, "end_time": self.text}
        return self._mapping(node, "a range of times", shapes)

    # What is not of the shape that is expected stays as it is: the policy's reader says so.

    def _mapping(self, node: Node, what: str, shapes: dict[str, Shape]) -> Node:
        if not isinstance(node, MappingNode):
            return node
        pairs = []
        for key, value in node.value:
            # Nothing, or an empty receiver, is the same as no key at all.
            if is_null(value) or (key.value == "receiver" and value.value == ""):
                continue
            if key.value in shapes:
                pairs.append((self.text(key), shapes[key.value](value)))
            else:
                self.note(key, f"`{key.value}` of {what} has no counterpart")
        return _like(node, MappingNode(MAP, pairs))

    def each(self, node: Node, shape: Shape) -> Node:
        if not isinstance(node, SequenceNode):
            return node
        return _like(node, SequenceNode(SEQ, [shape(item) for item in node.value]))

    def text(self, node: Node) -> Node:
        """Whatever the scalar looks like, it is text where text is wanted."""
        if not isinstance(node, ScalarNode):
            return node
        return written("" if is_null(node) else node.value, node)

    def _texts(self, node: Node) -> Node:
        return self.each(node, self.text)

    def _map(self, node: Node) -> Node:
        if not isinstance(node, MappingNode):
            return node
        pairs = [(self.text(key), self.text(value)) for key, value in node.value]
        return _like(node, MappingNode(MAP, pairs))

    def _map_of_regexes(self, node: Node) -> Node:
        if isinstance(node, MappingNode):
            for _, value in node.value:
                if is_null(value):
                    self._reading.fault(value, "expected a regular expression")
        return self._map(node)

    def _matchers(self, node: Node) -> Node:
        """One text for each matcher, quoted, whatever grammar it was written in."""
        if not isinstance(node, SequenceNode):
            return node
        found = [written(str(m), item) for item in node.value for m in self._parsed(item)]
        return _like(node, SequenceNode(SEQ, found))

    def _parsed(self, node: Node) -> tuple[matchers.Matcher, ...]:
        if not isinstance(node, ScalarNode):
            self._reading.fault(node, "expected text")
            return ()
        try:
            return matchers.parse_all("" if is_null(node) else node.value).all
        except ValueError as fault:
            self._reading.fault(node, str(fault))
            return ()

    def _flag(self, node: Node) -> Node:
        plain = isinstance(node, ScalarNode) and node.style is None
        if plain and node.value in FLAGS:
            return _like(node, ScalarNode(BOOL, "true" if FLAGS[node.value] else "false"))
        self._reading.fault(node, "expected true or false")
        return node

    def _span(self, node: Node) -> Node:
        try:
            total_ms = duration_ms(node.value if isinstance(node, ScalarNode) else "")
        except ValueError as fault:
            self._reading.fault(node, str(fault))
            return written("1s", node)
        if total_ms > YEAR_MS:
            self.note(node, f"{node.value}: a policy has no longer duration than 366d")
        return written(spoken(min(total_ms, YEAR_MS)), node)


def written(value: str, at: Node) -> ScalarNode:
    """In quotes unless it is a plain word."""
    word = _WORD.fullmatch(value) and not AMBIGUOUS.match(value)
    span = re.fullmatch("(?:[0-9]+(?:d|h|m|s|ms))+", value)
    style = None if word or span else "'"
    return ScalarNode(STR, value, at.start_mark, at.end_mark, style)


def _like(old: Node, new: Node) -> Node:
    new.start_mark, new.end_mark = old.start_mark, old.end_mark
    if not isinstance(new, ScalarNode):
        new.flow_style = getattr(old, "flow_style", None)
    return new
