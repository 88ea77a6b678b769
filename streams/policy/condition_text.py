"""The part of CEL that conditions are written in, checked before the library sees it.

What is left out would hang, crash or differ from run to run in the library: comprehensions (the
order of a map is random), functions over time, text beyond these bounds. What is left has one
meaning: every number is a double, both sides of a comparison are of one kind, and only a label
that is missing or a division by zero can fail.
"""

from collections.abc import Callable
from dataclasses import dataclass

from streams.policy.condition_kinds import FUNCTIONS, OF_LIST, OF_MAP, TEXT_TESTS, VARIABLES, Kind
from streams.policy.condition_tokens import Cursor, quoted, unquoted

TEXT_CHARS_MAX = 1_000
TOKENS_MAX = 250
"""Words and signs. The library's own stack is what this and the depth keep small."""
DEPTH_MAX = 8
LIST_MAX = 100
NUMBER_CHARS_MAX = 15
NONZERO = "nonzero"
"""Put around every divisor: the library divides doubles by zero and goes on with infinity."""
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


@dataclass(frozen=True, slots=True)
class Term:
    kind: Kind
    cel: str
    key: str | None = None
    """Of the map entry that this is, if it is one: `has` takes nothing else."""


@dataclass(frozen=True, slots=True)
class Checked:
    cel: str
    variables: frozenset[str]
    keys: frozenset[tuple[str, str]]
    """Entries of maps that are asked for: which map, which key."""
    divides: bool


def check(text: str) -> Checked:
    """Raises ValueError with what is wrong, and at which character."""
    if len(text) > TEXT_CHARS_MAX:
        raise ValueError(f"a condition of more than {TEXT_CHARS_MAX} characters")
    parser = _Parser(text)
    if parser.count > TOKENS_MAX:
        raise ValueError(f"a condition of more than {TOKENS_MAX} words and signs")
    return parser.whole()


class _Parser(Cursor):
    """One method per level of CEL's grammar; each gives the kind and the text for the library."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._variables: set[str] = set()
        self._keys: set[tuple[str, str]] = set()
        self._divides = False

    def whole(self) -> Checked:
        term = self._choice()
        if self.peek.type != "end":
            raise self.fault(f"nothing can be made of {self.peek.text!r}")
        if term.kind is not Kind.BOOL:
            raise ValueError(f"a condition must be {Kind.BOOL}, and this is {term.kind}")
        return Checked(term.cel, frozenset(self._variables), frozenset(self._keys), self._divides)

    # Levels, the loosest first.

    def _choice(self) -> Term:
        self._deeper()
        term = self._either()
        if self.takes("?"):
            self._must(term, Kind.BOOL)
            first = self._choice()
            self.needs(":")
            second = self._choice()
            self._must(second, first.kind)
            term = Term(first.kind, f"({term.cel} ? {first.cel} : {second.cel})")
        self._depth -= 1
        return term

    def _either(self) -> Term:
        return self._chain(self._both, Kind.BOOL, "||")

    def _both(self) -> Term:
        return self._chain(self._comparison, Kind.BOOL, "&&")

    def _comparison(self) -> Term:
        left = self._sum()
        if self.takes("in"):
            return self._membership(left, self._sum())
        sign = self.takes(*_COMPARISONS)
        if not sign:
            return left
        right = self._sum()
        if sign in ("==", "!="):
            self._must(left, Kind.NUMBER, Kind.TEXT, Kind.BOOL)
            self._must(right, left.kind)
        else:
            self._must(left, Kind.NUMBER)
            self._must(right, Kind.NUMBER)
        return Term(Kind.BOOL, f"({left.cel} {sign} {right.cel})")

    def _membership(self, left: Term, right: Term) -> Term:
        self._must(right, *OF_LIST, *OF_MAP)
        self._must(left, OF_LIST.get(right.kind, Kind.TEXT))
        return Term(Kind.BOOL, f"({left.cel} in {right.cel})")

    def _sum(self) -> Term:
        return self._chain(self._product, Kind.NUMBER, "+", "-")

    def _product(self) -> Term:
        return self._chain(self._signed, Kind.NUMBER, "*", "/")

    def _chain(self, operand: Callable[[], Term], kind: Kind, *signs: str) -> Term:
        """From left to right, as deep as its operands: the library goes down at each bracket."""
        first = operand()
        parts = [first.cel]
        while sign := self.takes(*signs):
            term = operand()
            self._must(first, kind)
            self._must(term, kind)
            self._divides |= sign == "/"
            parts += [sign, f"{NONZERO}({term.cel})" if sign == "/" else term.cel]
        return first if len(parts) == 1 else Term(kind, f"({' '.join(parts)})")

    def _signed(self) -> Term:
        sign = self.takes("!", "-")
        if not sign:
            return self._entry()
        self._deeper()
        term = self._signed()
        self._depth -= 1
        kind = Kind.BOOL if sign == "!" else Kind.NUMBER
        self._must(term, kind)
        return Term(kind, f"({sign}{term.cel})")

    def _entry(self) -> Term:
        term = self._primary()
        while sign := self.takes(".", "["):
            if sign == "[":
                key = unquoted(self.needs_type("text", "the name of a label, in quotes"))
                self.needs("]")
                term = self._of_map(term, key)
                continue
            name = self.needs_type("name", "a name").text
            term = self._test(term, name) if self.takes("(") else self._of_map(term, name)
        return term

    def _of_map(self, term: Term, key: str) -> Term:
        self._must(term, *OF_MAP)
        self._keys.add((term.cel, key))
        return Term(OF_MAP[term.kind], f"{term.cel}[{quoted(key)}]", key)

    def _test(self, term: Term, name: str) -> Term:
        if name not in TEXT_TESTS:
            raise self.fault(f"unknown function {name!r}; known: {', '.join(FUNCTIONS)}")
        self._must(term, Kind.TEXT)
        other = self._choice()
        self._must(other, Kind.TEXT)
        self.needs(")")
        return Term(Kind.BOOL, f"{term.cel}.{name}({other.cel})")

    def _primary(self) -> Term:
        token = self.take()
        match token.type, token.text:
            case "number", text:
                return Term(Kind.NUMBER, self._number(text))
            case "text", _:
                return Term(Kind.TEXT, quoted(unquoted(token)))
            case "name", "true" | "false":
                return Term(Kind.BOOL, token.text)
            case "name", "has" | "size" if self.takes("("):
                return self._function(token.text)
            case "name", name:
                return self._variable(name)
            case _, "(":
                inner = self._choice()
                self.needs(")")
                return inner
            case _, "[":
                return self._list()
        raise self.fault(
            f"something is missing before {token.text!r}" if token.text else "it ends too early"
        )

    def _number(self, text: str) -> str:
        if len(text) > NUMBER_CHARS_MAX:
            raise self.fault(f"a number of more than {NUMBER_CHARS_MAX} characters")
        return text if "." in text else f"{text}.0"

    def _variable(self, name: str) -> Term:
        if name not in VARIABLES or self.peek.text == "(":
            what = "function" if self.peek.text == "(" else "variable"
            known = FUNCTIONS if what == "function" else VARIABLES
            raise self.fault(f"unknown {what} {name!r}; known: {', '.join(known)}")
        self._variables.add(name)
        return Term(VARIABLES[name], name)

    def _function(self, name: str) -> Term:
        term = self._choice()
        self.needs(")")
        if name == "size":
            self._must(term, Kind.TEXT, *OF_LIST, *OF_MAP)
            return Term(Kind.NUMBER, f"double(size({term.cel}))")
        if term.key is None:
            raise self.fault("`has` takes an entry, such as labels.team")
        return Term(Kind.BOOL, f"({quoted(term.key)} in {term.cel.partition('[')[0]})")

    def _list(self) -> Term:
        items = [self._choice()]
        while self.takes(","):
            items.append(self._choice())
        self.needs("]")
        if len(items) > LIST_MAX:
            raise self.fault(f"a list of more than {LIST_MAX} items")
        self._must(items[0], Kind.TEXT, Kind.NUMBER)
        for item in items:
            self._must(item, items[0].kind)
        kind = Kind.TEXTS if items[0].kind is Kind.TEXT else Kind.NUMBERS
        return Term(kind, f"[{', '.join(item.cel for item in items)}]")

    # Judged.

    def _must(self, term: Term, *kinds: Kind) -> None:
        if term.kind not in kinds:
            raise self.fault(f"expected {' or '.join(kinds)} before here, not {term.kind}")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise self.fault(f"nested more than {DEPTH_MAX} deep")
