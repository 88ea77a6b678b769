"""One JMESPath expression of a mapping, checked. What it works out, and in how much work, is
`evaluation`'s affair."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jmespath import exceptions
from jmespath.functions import Functions
from jmespath.lexer import Lexer
from jmespath.parser import Parser

LENGTH_MAX = 1024
TOKENS_MAX = 128
"""Bounds how deep an expression nests, too."""
BRACKETS_MAX = 64
"""Counted before anything is read: literals in JSON nest without being tokens."""
ALLOWED = (
    "contains",
    "ends_with",
    "join",
    "keys",
    "length",
    "not_null",
    "sort",
    "starts_with",
    "to_array",
    "to_number",
    "to_string",
    "type",
    "values",
)
"""Functions. All of JMESPath's are free of side effects; these are what labels are made with, and
none of them takes an expression."""


class BadExpression(ValueError):
    """Why it cannot be used."""


@dataclass(frozen=True, slots=True)
class Expression:
    text: str
    tree: dict[str, Any]


def expression(text: str) -> Expression:
    """Raises BadExpression."""
    if len(text) > LENGTH_MAX:
        raise BadExpression(f"longer than {LENGTH_MAX} characters")
    if sum(map(text.count, "[{(")) > BRACKETS_MAX:
        raise BadExpression(f"more than {BRACKETS_MAX} brackets")
    tree = _parsed(text)
    for node in _nodes(tree):
        _check(node)
    return Expression(text, tree)


def _parsed(text: str) -> dict[str, Any]:
    try:
        if sum(1 for _ in Lexer().tokenize(text)) > TOKENS_MAX + 1:  # The last is its end.
            raise BadExpression(f"longer than {TOKENS_MAX} words and signs")
        tree: dict[str, Any] = Parser().parse(text).parsed
        return tree
    except BadExpression:
        raise
    except exceptions.EmptyExpressionError:
        raise BadExpression("empty") from None
    except exceptions.IncompleteExpressionError:
        raise BadExpression("not JMESPath: it ends too early") from None
    except exceptions.LexerError as error:
        where = error.lexer_position + 1
        raise BadExpression(f"not JMESPath at character {where}: {error.message[:100]}") from None
    except exceptions.ParseError as error:
        if error.token_type == "EOF":
            raise BadExpression("not JMESPath: it ends too early") from None
        where = f"character {error.lex_position + 1}: {str(error.token_value)[:100]!r}"
        raise BadExpression(f"not JMESPath at {where} is not expected there") from None
    except ValueError as error:
        raise BadExpression(f"not JMESPath: {str(error)[:100]}") from None


def _nodes(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    left = [tree]
    while left:
        node = left.pop()
        yield node
        # Of a slice the children are numbers.
        left += [child for child in node["children"] if isinstance(child, dict)]


def _check(node: dict[str, Any]) -> None:
    kind, value, children = node["type"], node.get("value"), node["children"]
    if not _is_json(value):
        raise BadExpression("a literal is no JSON: half of a character, NaN or Infinity")
    if kind == "expref":
        raise BadExpression("`&` is not allowed")
    if kind == "slice" and children[2] == 0:
        raise BadExpression("a slice in steps of 0")
    if kind == "function_expression":
        _check_call(value, len(children))


def _check_call(name: object, given: int) -> None:
    if name not in ALLOWED:
        raise BadExpression(f"no function is called {str(name)[:60]!r}: {', '.join(ALLOWED)} are")
    takes = Functions.FUNCTION_TABLE[name]["signature"]
    if given < len(takes) or (given > len(takes) and not takes[-1].get("variadic")):
        raise BadExpression(f"{name}() takes {len(takes)} argument(s), not {given}")


def _is_json(value: object) -> bool:
    """JMESPath reads literals and quoted names with Python's JSON, which takes more than that."""
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        return False
    return True
