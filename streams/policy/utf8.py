"""The grammar of matchers since Alertmanager 0.27: a label may have any name in UTF-8."""

import re

from streams.policy.classic import Term
from streams.policy.go_text import WHITE_SPACE, unquote

_TOKEN = re.compile(
    rf"""(?P<space>[{WHITE_SPACE}]+)"""
    r"""|(?P<op>=~|=|!=|!~)|(?P<mark>[{},])|(?P<quoted>"(?:[^"\\]|\\.)*")"""
    rf"""|(?P<bare>[^{WHITE_SPACE}{{}}!=~,\\"'`]+)""",
    re.DOTALL,
)
Token = tuple[str, str]
END: Token = ("end", "")


def terms(text: str) -> list[Term]:
    """Raises ValueError where this grammar cannot read the text."""
    tokens = _Tokens(text)
    braced = tokens.take("{")
    found: list[Term] = []
    while tokens.next[0] in ("bare", "quoted"):
        found.append((tokens.word("a label name"), tokens.op(), tokens.word("a value")))
        if not tokens.take(","):
            break
    if braced and not tokens.take("}"):
        raise tokens.unexpected("a closing brace")
    if tokens.next != END:
        raise tokens.unexpected("a matcher, a comma or the end")
    return found


class _Tokens:
    """The tokens of a text, one ahead."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self.next = END
        self._step()

    def _step(self) -> Token:
        taken = self.next
        while self._at < len(self._text):
            found = _TOKEN.match(self._text, self._at)
            if not found:
                raise ValueError(f"cannot read {self._text[self._at :]!r} in a matcher")
            self._at = found.end()
            if found.lastgroup != "space":
                self.next = (str(found.lastgroup), found[0])
                return taken
        self.next = END
        return taken

    def take(self, mark: str) -> bool:
        """Whether the next token is this mark; if so it is passed."""
        if self.next != ("mark", mark):
            return False
        self._step()
        return True

    def word(self, what: str) -> str:
        if self.next[0] not in ("bare", "quoted"):
            raise self.unexpected(what)
        kind, text = self._step()
        return unquote(text) if kind == "quoted" else text

    def op(self) -> str:
        if self.next[0] != "op":
            raise self.unexpected("=, !=, =~ or !~")
        return self._step()[1]

    def unexpected(self, wanted: str) -> ValueError:
        seen = repr(self.next[1]) if self.next != END else "the end"
        return ValueError(f"expected {wanted} in a matcher, not {seen}")
