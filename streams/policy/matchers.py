"""Alertmanager's matchers: `=`, `!=`, `=~`, `!~`; regexes anchored, and as RE2 reads them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import re2
from yaml.nodes import Node

from streams.core.policy import Predicate
from streams.reading.nodes import Reading

_NAME = r'(?:[a-zA-Z_][a-zA-Z0-9_]*|"(?:[^"\\]|\\.)+")'
_MATCHER = re.compile(rf'\s*({_NAME})\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^\s"{{}},~=!]+)\s*')
_ESCAPES = {"n": "\n", '"': '"', "\\": "\\"}
REGEX_CHARS_MAX = 1_000
_QUIET = re2.Options()
_QUIET.log_errors = False


@dataclass(frozen=True, slots=True)
class Matcher:
    label: str
    op: str
    value: str

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.label}{self.op}"{escaped}"'


def parse(text: str) -> Matcher:
    """Raises ValueError with what is wrong."""
    found = _MATCHER.fullmatch(text)
    if not found:
        raise ValueError(f'expected a matcher such as severity=~"warning|critical", not {text!r}')
    name, op, value = found.groups()
    matcher = Matcher(_unquote(name), op, _unquote(value))
    if op in ("=~", "!~"):
        _regex(matcher.value)
    return matcher


def read(reading: Reading, node: Node) -> Matcher | None:
    """The matcher in a file's text; None where it is noted as a fault."""
    try:
        return parse(reading.text(node))
    except ValueError as fault:
        reading.fault(node, str(fault))
        return None


def _unquote(text: str) -> str:
    if not text.startswith('"'):
        return text
    return re.sub(r"\\(.)", _unescape, text[1:-1], flags=re.DOTALL)


def _unescape(found: "re.Match[str]") -> str:
    if found[1] not in _ESCAPES:
        raise ValueError(f'unknown escape \\{found[1]} in a matcher; known are \\n, \\\\ and \\"')
    return _ESCAPES[found[1]]


def _regex(text: str) -> "re2._Regexp":
    if len(text) > REGEX_CHARS_MAX:
        raise ValueError(f"a regular expression of more than {REGEX_CHARS_MAX} characters")
    try:
        return re2.compile(text, _QUIET)
    except re2.error as fault:
        reason = fault.args[0].decode() if isinstance(fault.args[0], bytes) else fault.args[0]
        raise ValueError(f"not a regular expression (RE2): {reason}") from None


def predicate(matchers: tuple[Matcher, ...]) -> Predicate:
    """All must match. A label that is absent has the value "", as in Alertmanager."""
    tests = tuple(_test(m) for m in matchers)

    def matches(labels: Mapping[str, str]) -> bool:
        return all(test(labels.get(label, "")) for label, test in tests)

    return matches


def _test(matcher: Matcher) -> tuple[str, Callable[[str], bool]]:
    value = matcher.value
    if matcher.op == "=":
        return matcher.label, lambda seen: seen == value
    if matcher.op == "!=":
        return matcher.label, lambda seen: seen != value
    compiled = _regex(value)
    if matcher.op == "=~":
        return matcher.label, lambda seen: compiled.fullmatch(seen) is not None
    return matcher.label, lambda seen: compiled.fullmatch(seen) is None
