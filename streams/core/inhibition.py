"""Inhibition: while one alert fires, nobody need be told of another that follows from it."""

from dataclasses import dataclass

from streams.core.matching import Labels, Matchers


@dataclass(frozen=True, slots=True)
class InhibitRule:
    name: str
    """May be empty, and need not be the only one."""
    source: Matchers
    """The alerts that inhibit."""
    target: Matchers
    """The alerts that are inhibited."""
    equal: tuple[str, ...]
    """The labels that must have the same values in both; absent is the same as empty."""

    def key(self, labels: Labels) -> tuple[str, ...]:
        """What a source and its targets share."""
        return tuple(labels.get(name, "") for name in self.equal)

    def inhibits(self, source: Labels, target: Labels) -> bool:
        """Whether an alert with the one labels, while it fires, inhibits one with the others.

        Alerts that are on both sides of the rule do not inhibit each other, nor themselves.
        """
        if not (self.source(source) and self.target(target)):
            return False
        if self.key(source) != self.key(target):
            return False
        return not (self.source(target) and self.target(source))
