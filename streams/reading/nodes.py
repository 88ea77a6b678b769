"""YAML read as nodes, so that every error knows its line, and nothing is guessed.

PyYAML would turn `no` into False, `08` into text and `1:30` into 90. Here a plain scalar is what
its field says it is, and what could be read in two ways must be quoted.
"""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from streams.reading.faults import Fault, FileError
from streams.reading.names import Names

T = TypeVar("T")
DEPTH_MAX = 32
TEXT_BYTES_MAX = 128 * 1024
"""The core reads policies between two facts."""
Loader = yaml.CSafeLoader
"""libyaml's, which the wheels carry: ten times faster than PyYAML's own. There is no other where it
is missing, so that a text means the same on every machine."""
PLAIN_TAGS = {
    f"tag:yaml.org,2002:{t}" for t in ("str", "int", "float", "bool", "null", "map", "seq")
}
AMBIGUOUS = re.compile(r"(?i)^(|y|yes|n|no|on|off|true|false|null|~|[-+]?[0-9][0-9_.:eE+-]*)$")
SURROGATE = re.compile("[\ud800-\udfff]")
_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([0-9]{1,12})(ms|s|m|h|d)")
YEAR_MS = 366 * _UNITS_MS["d"]


def spoken(span_ms: int) -> str:
    """A span as a file would have it: `1h30m`."""
    parts = []
    for unit, unit_ms in sorted(_UNITS_MS.items(), key=lambda item: -item[1]):
        count, span_ms = divmod(span_ms, unit_ms)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


class Reading:
    """One document being read; collects every fault instead of stopping at the first."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self.names = Names()
        self._files = {file}

    def fault(self, node: Node, why: str) -> None:
        found = _at(node.start_mark, why)
        self.faults.append(found if found.file in self._files else replace(found, file=self.file))

    def root(self, text: str, file: str = "") -> Node:
        """The document's node; its places name `file`, where several files are read as one."""
        file = file or self.file
        self._files.add(file)
        if len(text.encode(errors="replace")) > TEXT_BYTES_MAX:
            raise FileError([Fault(file, 1, 1, f"larger than {TEXT_BYTES_MAX} bytes")])
        try:
            _refuse_aliases(text, file)
            node = yaml.compose(_Named(text, file), Loader=Loader)
        except yaml.MarkedYAMLError as fault:
            mark = fault.problem_mark or fault.context_mark
            raise FileError([_at(mark, f"not YAML: {fault.problem}", file)]) from None
        # libyaml lets through what a hostile escape or directive makes of `chr` and `int`.
        except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as fault:
            raise FileError([Fault(file, 1, 1, f"not YAML: {fault}")]) from None
        if node is None:
            raise FileError([Fault(file, 1, 1, "the file is empty")])
        self._check_tags(node)
        self.stop_at_faults()
        return node

    def stop_at_faults(self) -> None:
        if self.faults:
            raise FileError(self.faults)

    def settle_names(self) -> None:
        """Judge the names: when everything that defines or uses one has been read."""
        for node, why in self.names.faults():
            self.fault(node, why)

    def _check_tags(self, node: Node) -> None:
        if node.tag not in PLAIN_TAGS:
            self.fault(node, f"the tag {node.tag} is not allowed")
        if isinstance(node, ScalarNode) and SURROGATE.search(node.value):
            self.fault(node, "half of a character: text must be Unicode")
        if isinstance(node, SequenceNode):
            for item in node.value:
                self._check_tags(item)
        if isinstance(node, MappingNode):
            for key, value in node.value:
                if not isinstance(key, ScalarNode):
                    self.fault(key, "expected a name")
                self._check_tags(key)
                self._check_tags(value)

    # One reader per kind of value. Each notes a fault and gives its default where it cannot read.

    def text(self, node: Node, default: str = "") -> str:
        if not isinstance(node, ScalarNode):
            self.fault(node, "expected text")
            return default
        if not node.style and AMBIGUOUS.match(node.value):
            self.fault(node, f"expected text: write {node.value!r} in quotes")
            return default
        return str(node.value)

    def whole(self, node: Node, least: int = 1, most: int = 1_000_000) -> int:
        if not isinstance(node, ScalarNode) or node.style:
            self.fault(node, "expected a whole number")
            return least
        if not re.fullmatch(r"0|[1-9][0-9]{0,8}", node.value):
            self.fault(node, f"expected a whole number, not {node.value!r}")
            return least
        value = int(node.value)
        if not least <= value <= most:
            self.fault(node, f"expected a number from {least} to {most}, not {value}")
        return value

    def duration_ms(self, node: Node, least: int = 1, most: int = YEAR_MS) -> int:
        value = node.value if isinstance(node, ScalarNode) else ""
        parts = _DURATION.findall(value) if isinstance(value, str) else []
        if not parts or "".join(n + u for n, u in parts) != value:
            self.fault(node, "expected a duration such as 500ms, 30s, 5m, 1h30m or 7d")
            return least
        total_ms = sum(int(n) * _UNITS_MS[u] for n, u in parts)
        if not least <= total_ms <= most:
            limit = "a year" if most == YEAR_MS else spoken(most)
            self.fault(node, f"expected at least {least} ms and at most {limit}")
        return total_ms

    def flag(self, node: Node) -> bool:
        if isinstance(node, ScalarNode) and not node.style and node.value in ("true", "false"):
            return bool(node.value == "true")
        self.fault(node, "expected true or false")
        return False

    def items(self, node: Node, least: int = 0) -> list[Node]:
        if not isinstance(node, SequenceNode):
            self.fault(node, "expected a list")
            return []
        if len(node.value) < least:
            self.fault(node, f"expected at least {least} item(s)")
        return list(node.value)

    def texts(self, node: Node, least: int = 0) -> tuple[str, ...]:
        return tuple(self.text(item) for item in self.items(node, least))


class _Named(io.StringIO):
    """A text that tells YAML which file its places are in."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text)
        self.name = name


def _at(mark: Any, why: str, file: str = "") -> Fault:
    if mark is None:
        return Fault(file, 1, 1, why)
    return Fault(mark.name, mark.line + 1, mark.column + 1, why)


def _refuse_aliases(text: str, file: str) -> None:
    depth = 0
    for event in yaml.parse(_Named(text, file), Loader=Loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise FileError([_at(event.start_mark, "anchors and aliases are not allowed")])
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_MAX:
            raise FileError([_at(event.start_mark, "nested too deeply")])


class Section:
    """The keys of one mapping: each is asked for once, and what nobody asked for is a fault."""

    def __init__(self, reading: Reading, node: Node, what: str) -> None:
        self.reading, self.node, self.what = reading, node, what
        self._left: dict[str, tuple[Node, Node]] = {}
        if not isinstance(node, MappingNode):
            reading.fault(node, f"expected the keys of {what}")
            self.broken = True
            return
        self.broken = False
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else ""
            if name in self._left:
                reading.fault(key, f"{name!r} is here twice")
            self._left[name] = (key, value)

    def need(self, name: str, read: Callable[[Node], T], default: T) -> T:
        if name not in self._left:
            if not self.broken:
                self.reading.fault(self.node, f"{self.what} needs {name!r}")
            return default
        return read(self._left.pop(name)[1])

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def may(self, name: str, read: Callable[[Node], T], default: T) -> T:
        return read(self._left.pop(name)[1]) if name in self._left else default

    def rest(self) -> Iterator[tuple[Node, Node]]:
        """The keys not asked for by name, for mappings whose keys are the user's."""
        left, self._left = self._left, {}
        yield from left.values()

    def done(self, known: str) -> None:
        for key, _ in self.rest():
            self.reading.fault(key, f"unknown key {key.value!r} in {self.what}; it knows {known}")
