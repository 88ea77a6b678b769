"""Alertmanager's matchers from text: `=`, `!=`, `=~`, `!~`; regexes anchored, as RE2 reads them.

There are two grammars. Where the classic one can read a text, its reading holds, whatever the newer
one makes of it; else the newer one's does. That is what Alertmanager's default mode comes to.
"""

import re
from collections.abc import Callable, Iterable

import re2
from yaml.nodes import Node

from streams.core.matching import Matcher, Matchers
from streams.policy import classic, utf8
from streams.reading.nodes import Reading

TEXT_CHARS_MAX = 8_192
REGEX_CHARS_MAX = 4_096
MATCHERS_MAX = 256
"""In one list."""
_QUIET = re2.Options()
_QUIET.log_errors = False
_PLAIN_WORDS = re.compile(r"[^\\.+*?()\[\]{}^$]*")
_BYTE = re.compile(r"(?<!\\)(?:\\\\)*\\C")
"""C++ reads `\\C` as one byte; Go, and so Alertmanager, does not know it."""


def parse(text: str) -> Matcher:
    """One matcher. Raises ValueError with what is wrong."""
    if text.startswith("{") or text.endswith("}"):
        raise ValueError(f"one matcher has no braces around it: {text!r}")
    found = parse_all(text).all
    if len(found) != 1:
        raise ValueError(f"expected one matcher, not {len(found)}: {text!r}")
    return found[0]


def parse_all(text: str) -> Matchers:
    """A list such as `{a="b", c=~"d|e"}`; the braces may be left out, and it may be empty."""
    if len(text) > TEXT_CHARS_MAX:
        raise ValueError(f"matchers of more than {TEXT_CHARS_MAX} characters")
    try:
        return _matchers(classic.terms(text))
    except ValueError as fault:
        try:
            return _matchers(utf8.terms(text))
        except ValueError as newer:
            raise (newer if isinstance(newer, RegexFault) else fault) from None


def joined(lists: Iterable[Matchers]) -> Matchers:
    """All of several lists."""
    return Matchers(tuple(m for found in lists for m in found.all))


def matcher(label: str, op: str, value: str) -> Matcher:
    """Raises ValueError where the value is no regular expression and must be."""
    return Matcher(label, op, value, _test(op, value))


def _matchers(terms: list[classic.Term]) -> Matchers:
    if len(terms) > MATCHERS_MAX:
        raise ValueError(f"more than {MATCHERS_MAX} matchers in one list")
    return Matchers(tuple(matcher(*term) for term in terms))


def _test(op: str, value: str) -> Callable[[str], bool]:
    if op == "=":
        return lambda seen: seen == value
    if op == "!=":
        return lambda seen: seen != value
    found = _finds(value)
    if op == "=~":
        return found
    return lambda seen: not found(seen)


def _finds(text: str) -> Callable[[str], bool]:
    """`warning|critical` is what most are, and asking a set takes a fiftieth of the time."""
    search = regex(text).search
    if _PLAIN_WORDS.fullmatch(text):
        return frozenset(text.split("|")).__contains__
    return lambda seen: search(seen.encode(errors="surrogatepass")) is not None


class RegexFault(ValueError):
    """What stands where a regular expression must."""


def regex(text: str) -> "re2._Regexp":
    """Anchored by the same text around it as in Alertmanager, since `a)|(?:b` can tell."""
    if len(text) > REGEX_CHARS_MAX:
        raise RegexFault(f"a regular expression of more than {REGEX_CHARS_MAX} characters")
    if _BYTE.search(text):
        raise RegexFault(r"not a regular expression (RE2): \C")
    try:
        # As bytes: for text the library would count characters, which takes thrice as long.
        return re2.compile(f"^(?:{text})$".encode(), _QUIET)
    except re2.error as fault:
        reason = fault.args[0].decode() if isinstance(fault.args[0], bytes) else fault.args[0]
        raise RegexFault(f"not a regular expression (RE2): {reason}") from None


# From files.


def read_list(reading: Reading, node: Node, least: int = 0) -> Matchers:
    """A list of texts, each of which may itself hold several matchers, in braces or not."""
    found = joined(_read_some(reading, item) for item in reading.items(node, least))
    if len(found.all) < least and not reading.faults:
        reading.fault(node, f"expected at least {least} matcher(s)")
    return found


def _read_some(reading: Reading, node: Node) -> Matchers:
    text = reading.text(node)
    try:
        found = parse_all(text)
    except ValueError as fault:
        reading.fault(node, str(fault))
        return Matchers()
    for one in found.all:
        _refuse_doubled_operator(reading, node, text, one)
    return found


def _refuse_doubled_operator(reading: Reading, node: Node, text: str, found: Matcher) -> None:
    """Alertmanager reads `a==b` as the value "=b", which nobody has meant."""
    first = found.value[:1]
    if first in ("=", "~") and f'"{first}' not in text:
        reading.fault(node, f"expected a matcher; a value that begins with {first} needs quotes")
