"""Whether alerts that match one list of matchers always match another.

Sound and not complete: "yes" is certain, "no" means that it could not be shown.
"""

import re

from streams.core.matching import Matcher, Matchers

_LITERAL = re.compile(r"[^.+*?(){}\[\]|^$\\]*")


def implies(narrow: Matchers, wide: Matchers) -> bool:
    """Whether every label set that `narrow` matches is one that `wide` matches."""
    return all(any(_implies(own, asked) for own in narrow.all) for asked in wide.all)


def values(matcher: Matcher) -> tuple[str, ...] | None:
    """The only values with which the matcher holds; None where they cannot be listed."""
    if matcher.op == "=":
        return (matcher.value,)
    parts = matcher.value.split("|")
    if matcher.op == "=~" and all(_LITERAL.fullmatch(part) for part in parts):
        return tuple(parts)
    return None


def _implies(own: Matcher, asked: Matcher) -> bool:
    if own.label != asked.label:
        return False
    listed = values(own)
    if listed is not None:
        return all(asked.test(value) for value in listed)
    if (own.op, own.value) == (asked.op, asked.value):
        return True
    not_empty = asked.op == "!=" and asked.value == ""
    return not_empty and not own.test("")
