"""Matchers: whether an alert's labels satisfy all of a list of conditions.

The core knows a regular expression only as a callable, so that it needs no library for them;
`streams.policy.matchers` makes these values from text.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Labels = Mapping[str, str]
_PLAIN = re.compile("[a-zA-Z_:][a-zA-Z0-9_:]*")
"""A label's name that needs no quotes in any Alertmanager's grammar."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label's condition. An absent label has the value "", as in Alertmanager."""

    label: str
    op: str
    """`=`, `!=`, `=~` or `!~`."""
    value: str
    test: Callable[[str], bool] = field(compare=False, repr=False)

    def __str__(self) -> str:
        label = self.label if _PLAIN.fullmatch(self.label) else f'"{_escaped(self.label)}"'
        return f'{label}{self.op}"{_escaped(self.value)}"'


@dataclass(frozen=True, slots=True)
class Matchers:
    """All must hold. An empty list matches everything, so whoever makes one decides whether that
    is allowed."""

    all: tuple[Matcher, ...] = ()

    def __call__(self, labels: Labels) -> bool:
        # Written out: a generator would take twice as long, and this is asked most often of all.
        for matcher in self.all:  # noqa: SIM110
            if not matcher.test(labels.get(matcher.label, "")):
                return False
        return True

    def failing(self, labels: Labels) -> Matcher | None:
        """The first that does not hold: why the labels do not match."""
        return next((m for m in self.all if not m.test(labels.get(m.label, ""))), None)

    def __str__(self) -> str:
        return "{" + ", ".join(str(m) for m in self.all) + "}"

    @property
    def names(self) -> frozenset[str]:
        """The labels whose values decide."""
        return frozenset(m.label for m in self.all)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
