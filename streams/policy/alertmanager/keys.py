"""Which keys Alertmanager knows, and what kind of value each takes.

`keys.json` is drawn from Alertmanager's own types, integrations included:

    python -m tests.streams.policy.alertmanager --keys
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from streams.policy.alertmanager.document import is_null
from streams.policy.go_text import FLAGS, duration_ms
from streams.reading.nodes import Reading

FILE = "keys.json"
TOP = "config.Config"
_TEXT_OR_KEYS = frozenset({"jira.JiraFieldConfig"})
_NUMBER = re.compile("[-+]?(?:0x[0-9a-fA-F]+|[0-9][0-9_]*(?:[.][0-9]*)?)")


def check_keys(reading: Reading, top: Node) -> None:
    """Unknown keys, keys that are here twice and values of another kind, everywhere in the file."""
    _check(reading, top, TOP)


def _check(reading: Reading, node: Node, takes: str) -> None:
    if is_null(node):
        return
    if takes.startswith("[]"):
        if not isinstance(node, SequenceNode):
            reading.fault(node, "expected a list")
            return
        for item in node.value:
            _check(reading, item, takes[2:])
    elif takes in _known():
        _check_mapping(reading, node, takes)
    elif not _FITS[takes](node):
        reading.fault(node, f"expected {_SAID[takes]}")


def _check_mapping(reading: Reading, node: Node, takes: str) -> None:
    if not isinstance(node, MappingNode):
        if takes not in _TEXT_OR_KEYS:
            reading.fault(node, "expected keys")
        return
    known, seen = _known()[takes], set()
    for key, value in node.value:
        name = key.value
        if name in seen:
            reading.fault(key, f"{name!r} is here twice")
        seen.add(name)
        if name in known:
            _check(reading, value, known[name])
        elif "*" not in known:
            reading.fault(key, f"Alertmanager does not know the key {name!r} here")


def _is_text(node: Node) -> bool:
    return isinstance(node, ScalarNode)


def _is_flag(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.style is None and node.value in FLAGS


def _is_number(node: Node) -> bool:
    plain = isinstance(node, ScalarNode) and node.style is None
    return plain and _NUMBER.fullmatch(node.value) is not None


def _is_duration(node: Node) -> bool:
    try:
        duration_ms(node.value if isinstance(node, ScalarNode) else "")
    except ValueError:
        return False
    return True


_FITS: Mapping[str, Callable[[Node], bool]] = {
    "text": _is_text,
    "flag": _is_flag,
    "number": _is_number,
    "duration": _is_duration,
    "map": lambda node: isinstance(node, MappingNode),
    "any": lambda _node: True,
}
_SAID = {
    "text": "text",
    "flag": "true or false",
    "number": "a number",
    "duration": "a duration such as 30s, 5m, 1h30m or 2w",
    "map": "a mapping",
}


@cache
def _known() -> dict[str, dict[str, str]]:
    """By type: each key, and what it takes: a kind, or a type; after "[]" a list of them."""
    text = files("streams.policy.alertmanager").joinpath(FILE).read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = json.loads(text)
    return found


def path() -> Path:
    return Path(str(files("streams.policy.alertmanager").joinpath(FILE)))
