"""Words and signs of a condition's text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    at: int
    type: str
    text: str


_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?![\w.]))
  | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
  | (?P<name>[A-Za-z_]\w*)(?!\s*["'])
  | (?P<sign>&&|\|\||[<>=!]=|[-+*/<>!?:.,()\[\]])
  )""",
    re.VERBOSE | re.ASCII,
)
_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", "'": "'", '"': '"'}


class Cursor:
    """Goes from token to token."""

    def __init__(self, text: str) -> None:
        self._tokens, self._next = list(_split(text)), 0
        self._end = Token(len(text) + 1, "end", "")

    @property
    def count(self) -> int:
        return len(self._tokens)

    @property
    def peek(self) -> Token:
        return self._tokens[self._next] if self._next < len(self._tokens) else self._end

    def take(self) -> Token:
        token = self.peek
        self._next += 1
        return token

    def takes(self, *texts: str) -> str:
        if self.peek.type != "text" and self.peek.text in texts:
            return self.take().text
        return ""

    def needs(self, text: str) -> None:
        if not self.takes(text):
            raise self.fault(f"expected {text!r}")

    def needs_type(self, type_: str, what: str) -> Token:
        if self.peek.type != type_:
            raise self.fault(f"expected {what}")
        return self.take()

    def fault(self, why: str) -> ValueError:
        return ValueError(f"character {self.peek.at}: {why}")


def _split(text: str) -> Iterator[Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if not found:
            raise ValueError(f"cannot be read from {text[at:].strip()[:20]!r} on")
        assert found.lastgroup
        yield Token(found.start(found.lastgroup) + 1, found.lastgroup, found[found.lastgroup])
        at = found.end()


def unquoted(token: Token) -> str:
    return re.sub(r"\\(.)", _unescaped, token.text[1:-1], flags=re.DOTALL)


def _unescaped(found: "re.Match[str]") -> str:
    if found[1] not in _ESCAPES:
        raise ValueError(f"unknown escape \\{found[1]}; known: \\n, \\t, \\\\, \\' and \\\"")
    return _ESCAPES[found[1]]


def quoted(text: str) -> str:
    for escape, char in (("\\\\", "\\"), ('\\"', '"'), ("\\n", "\n"), ("\\t", "\t")):
        text = text.replace(char, escape)
    return f'"{text}"'
