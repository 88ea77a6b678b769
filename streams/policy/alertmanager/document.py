"""An `alertmanager.yml` as nodes: anchors, aliases and merge keys resolved as Go resolves them.

Mendlog's own files allow none of these (decision 0011), but files that run in production have them.
What aliases can blow up is bounded.
"""

from collections.abc import Iterator

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, Event, MappingStartEvent, ScalarEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from streams.reading.faults import Fault, FileError
from streams.reading.nodes import DEPTH_MAX, PLAIN_TAGS, SURROGATE, Loader, Reading

TEXT_BYTES_MAX = 1024 * 1024
NODES_MAX = 100_000
"""With every alias counted as what it stands for."""
STR, SEQ, MAP = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))
GATHERED = frozenset(
    f"{side}{key}"
    for side in ("", "source_", "target_")
    for key in ("match", "match_re", "matchers")
)
"""To these Alertmanager adds where a merge key brings some already; of all else one value holds."""
NULLS = frozenset({"", "~", "null", "Null", "NULL"})


def compose(reading: Reading, text: str) -> Node:
    """The first document, as in Alertmanager. Raises FileError."""
    if len(text.encode(errors="replace")) > TEXT_BYTES_MAX:
        raise FileError([Fault(reading.file, 1, 1, f"larger than {TEXT_BYTES_MAX} bytes")])
    try:
        return _Composer(reading, text).document()
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise FileError([Fault(reading.file, line, column, f"not YAML: {fault.problem}")]) from None
    except (yaml.YAMLError, ValueError, OverflowError) as fault:
        raise FileError([Fault(reading.file, 1, 1, f"not YAML: {fault}")]) from None


def is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.style is None and node.value in NULLS


class _Composer:
    def __init__(self, reading: Reading, text: str) -> None:
        self._reading = reading
        self._events: Iterator[Event] = iter(yaml.parse(text, Loader=Loader))
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._nodes = 0

    def document(self) -> Node:
        for event in self._events:
            if isinstance(event, (ScalarEvent, AliasEvent, yaml.CollectionStartEvent)):
                return self._node(event, 0)
        raise FileError([Fault(self._reading.file, 1, 1, "the file is empty")])

    def _node(self, event: Event, depth: int) -> Node:
        if depth > DEPTH_MAX:
            raise self._fault(event, "nested too deeply")
        before = self._nodes
        self._count(event, 1)
        if isinstance(event, AliasEvent):
            return self._alias(event)
        node = self._scalar(event) if isinstance(event, ScalarEvent) else self._many(event, depth)
        if event.anchor:
            self._anchors[event.anchor] = node, self._nodes - before
        return node

    def _alias(self, event: AliasEvent) -> Node:
        if event.anchor not in self._anchors:
            raise self._fault(event, f"no anchor is named {event.anchor!r} before this")
        node, size = self._anchors[event.anchor]
        self._count(event, size)
        return node

    def _count(self, event: Event, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > NODES_MAX:
            raise self._fault(event, f"more than {NODES_MAX} values, aliases counted in full")

    def _scalar(self, event: ScalarEvent) -> ScalarNode:
        """Only a plain scalar without a tag may be anything but text."""
        if event.tag is not None and event.tag not in PLAIN_TAGS:
            raise self._fault(event, f"the tag {event.tag} is not allowed")
        if SURROGATE.search(event.value):
            raise self._fault(event, "half of a character: text must be Unicode")
        style = "'" if event.tag == STR else event.style or None
        return ScalarNode(STR, event.value, event.start_mark, event.end_mark, style)

    def _many(self, event: Event, depth: int) -> Node:
        children = []
        while not isinstance(following := next(self._events), CollectionEndEvent):
            children.append(self._node(following, depth + 1))
        made: Node
        if isinstance(event, MappingStartEvent):
            made = MappingNode(MAP, self._merged(list(_pairs(children))))
        else:
            made = SequenceNode(SEQ, children)
        made.start_mark, made.end_mark = event.start_mark, event.end_mark
        made.flow_style = event.flow_style
        return made

    def _merged(self, pairs: list[tuple[Node, Node]]) -> list[tuple[Node, Node]]:
        """What comes later holds, whether `<<` brings it or not; but conditions are gathered."""
        found: dict[str, tuple[Node, Node]] = {}
        own: set[str] = set()
        doubled = []
        for key, value in pairs:
            if not isinstance(key, ScalarNode):
                raise self._fault_at(key, "expected a name")
            if key.value == "<<" and key.style is None:
                for part in self._parts(value):
                    for merged in part.value:
                        _put(found, *merged)
            elif key.value in own:
                doubled.append((key, value))
            else:
                own.add(key.value)
                _put(found, key, value)
        return [*found.values(), *doubled]

    def _parts(self, value: Node) -> list[MappingNode]:
        """The first of a list holds against the others."""
        listed = list(reversed(value.value)) if isinstance(value, SequenceNode) else [value]
        for part in listed:
            if not isinstance(part, MappingNode):
                raise self._fault_at(part, "`<<` takes a mapping or a list of mappings")
        return listed

    def _fault(self, event: Event, why: str) -> FileError:
        mark = event.start_mark
        return FileError([Fault(self._reading.file, mark.line + 1, mark.column + 1, why)])

    def _fault_at(self, node: Node, why: str) -> FileError:
        self._reading.fault(node, why)
        return FileError(self._reading.faults)


def _put(found: dict[str, tuple[Node, Node]], key: ScalarNode, value: Node) -> None:
    before = found.get(key.value, (key, value))[1]
    if before is not value and key.value in GATHERED and type(before) is type(value):
        value = _gathered(before, value)
    found[key.value] = key, value


def _gathered(before: Node, value: Node) -> Node:
    if isinstance(value, ScalarNode):
        return value
    both = type(value)(value.tag, [*before.value, *value.value], value.start_mark, value.end_mark)
    both.flow_style = value.flow_style
    return both


def _pairs(children: list[Node]) -> Iterator[tuple[Node, Node]]:
    yield from zip(children[::2], children[1::2], strict=True)
