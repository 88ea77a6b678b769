"""What a digest tells when there is more to say than a channel may be sent.

Every critical notice is named in it. Of the others as many as fit are named, and all are counted.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from remediators.notify.letter import Letter, cut
from schemas import ids

CRITICALS_MAX = 20
"""In one digest, so that the names of all of them fit; the others go into the next."""
NAMED_MAX = 10
"""Of those that are not critical."""
LETTERS_MAX = 500
NAME_CHARS_MAX = 60

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Digest:
    digest_id: str
    letters: tuple[Letter, ...]

    @property
    def headline(self) -> str:
        incidents = len({letter.incident_id for letter in self.letters})
        return f"{len(self.letters)} notices of {incidents} incidents in one message"

    @property
    def severity(self) -> str:
        return next((x.severity for x in self.letters if x.critical), self.letters[0].severity)

    @property
    def counts(self) -> str:
        """What there is most of first; what is rare beyond that is counted together."""
        counted = Counter(f"{cut(x.severity, 16)} {cut(x.kind, 16)}" for x in self.letters)
        most = counted.most_common(NAMED_MAX)
        rest = len(self.letters) - sum(count for _, count in most)
        parts = [f"{count} × {what}" for what, count in most]
        return ", ".join([*parts, f"{rest} × others"] if rest else parts)

    @property
    def names(self) -> tuple[str, ...]:
        """Criticals first, each of them."""
        criticals = [_name(x) for x in self.letters if x.critical]
        others = [_name(x) for x in self.letters if not x.critical]
        more = len(others) - NAMED_MAX
        rest = (f"and {more} more",) if more > 0 else ()
        return (*criticals, *others[:NAMED_MAX], *rest)


def digest_of(letters: Sequence[Letter]) -> Digest:
    return Digest(ids.digest("digest", *sorted(x.key for x in letters)), tuple(letters))


def split(waiting: Sequence[tuple[Letter, T]]) -> tuple[list[T], list[T]]:
    """Of all that wait, in order: what the next digest takes, and what is left for another."""
    taken: list[T] = []
    left: list[T] = []
    criticals = 0
    for letter, item in waiting:
        fits = len(taken) < LETTERS_MAX and not (letter.critical and criticals == CRITICALS_MAX)
        (taken if fits else left).append(item)
        criticals += fits and letter.critical
    return taken, left


def _name(letter: Letter) -> str:
    repeated = " (possibly repeated)" if letter.possibly_repeated else ""
    title = cut(letter.title, NAME_CHARS_MAX)
    return f"[{cut(letter.severity, 12)}] {cut(letter.kind, 12)}: {title}{repeated}"
