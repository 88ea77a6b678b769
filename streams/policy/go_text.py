"""How Go reads texts in Alertmanager's files: white space, quotes, durations, true and false."""

import re

WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""Unicode's; Python's own `str.isspace` has a few control characters more."""

_ESCAPE = re.compile(
    r'\\(?:([abfnrtv\\"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|\\|\n',
)
_NAMED = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\",
    '"': '"',
}  # fmt: skip
FLAGS = {
    spelling: value
    for value, words in ((True, "y yes true on"), (False, "n no false off"))
    for word in words.split()
    for spelling in (word, word.title(), word.upper())
}
"""The plain words that are true or false, as YAML 1.1 has them."""
_UNITS_MS = {
    "y": 365 * 86_400_000, "w": 7 * 86_400_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000,
    "s": 1_000, "ms": 1,
}  # fmt: skip
_DURATION = re.compile("".join(f"(?:([0-9]+){unit})?" for unit in _UNITS_MS))
_GO_MAX_MS = (2**63 - 1) // 1_000_000


def unquote(quoted: str) -> str:
    """The text of a Go string in double quotes. Raises ValueError."""
    body, out, at = quoted[1:-1], bytearray(), 0
    for found in _ESCAPE.finditer(body):
        out += body[at : found.start()].encode()
        out += _escaped(found)
        at = found.end()
    out += body[at:].encode()
    try:
        return out.decode()
    except UnicodeDecodeError:
        raise ValueError(f"not UTF-8 once unescaped: {quoted}") from None


def _escaped(found: "re.Match[str]") -> bytes:
    named, byte, octal, short, long = found.groups()
    if named:
        return _NAMED[named].encode()
    if byte or octal:
        value = int(byte, 16) if byte else int(octal, 8)
        if value <= 0xFF:
            return bytes([value])
    elif short or long:
        point = int(short or long, 16)
        if point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF:
            return chr(point).encode()
    raise ValueError(f"no such escape in a quoted text: {found.string!r}")


def duration_ms(text: str) -> int:
    """Of Prometheus' spelling, such as `1h30m` or `2w`. Raises ValueError."""
    found = _DURATION.fullmatch(text)
    if text == "0":
        return 0
    if not text or not found:
        raise ValueError(f"expected a duration such as 30s, 5m, 1h30m or 2w, not {text!r}")
    total_ms = sum(
        int(n or 0) * size for n, size in zip(found.groups(), _UNITS_MS.values(), strict=True)
    )
    if total_ms > _GO_MAX_MS:
        raise ValueError(f"a duration of more than 292 years: {text!r}")
    return total_ms
