"""The classic grammar of matchers: what Alertmanager up to 0.26 reads, and newer ones fall back to.

It is tolerant: a value needs no quotes, an escape that means nothing stays as it is, and braces may
be missing at either end.
"""

import re

from streams.policy.go_text import WHITE_SPACE

Term = tuple[str, str, str]
"""A label, an operator and a value."""

_BLANK = "\t\n\f\r "
_TERM = re.compile(rf"[{_BLANK}]*([a-zA-Z_:][a-zA-Z0-9_:]*)[{_BLANK}]*(=~|=|!=|!~)")
_ESCAPES = {"n": "\n", '"': '"', "\\": "\\"}


def terms(text: str) -> list[Term]:
    """Raises ValueError where the classic grammar cannot read the text."""
    return [_term(part) for part in _split(text.removeprefix("{").removesuffix("}"))]


def _split(text: str) -> list[str]:
    """At commas outside of quotes; what is blank at the end is no matcher."""
    parts, part, quoted, escaped = [], "", False, False
    for char in text:
        if char == "," and not quoted:
            parts.append(part)
            part = ""
            continue
        if char == '"' and not escaped:
            quoted = not quoted
        # In Alertmanager a comma does not end an escape.
        if char != ",":
            escaped = char == "\\" and not escaped
        part += char
    last = part.strip(WHITE_SPACE)
    return [*parts, last] if last else parts


def _term(text: str) -> Term:
    found = _TERM.match(text)
    if not found:
        raise ValueError(f'expected a matcher such as severity=~"warning|critical", not {text!r}')
    return found[1], found[2], _value(text[found.end() :].strip(_BLANK))


def _value(raw: str) -> str:
    """With or without quotes; a quote inside needs a backslash either way."""
    opened = raw.startswith('"')
    body, closed = raw[opened:], False
    value, at = "", 0
    while at < len(body):
        char = body[at]
        if char == "\\" and at + 1 < len(body):
            at += 1
            value += _ESCAPES.get(body[at], "\\" + body[at])
        elif char == '"':
            closed = opened and at == len(body) - 1
            if not closed:
                raise ValueError(f"a matcher's value has a quote without a backslash: {raw}")
        else:
            value += char
        at += 1
    if opened and not closed:
        raise ValueError(f"a matcher's value has no closing quote: {raw}")
    return value
