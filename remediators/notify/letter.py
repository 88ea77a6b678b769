"""A notice as it may be shown to one receiver: bounded, and without characters that deceive.

Titles, texts and labels come from alerts, so anybody who can send an alert writes them. Every
channel starts from here; what its own language gives a meaning to, it escapes itself.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from schemas.ids import digest
from schemas.notices import Notice

ID_CHARS_MAX = 128
WORD_CHARS_MAX = 64
TITLE_CHARS_MAX = 500
TEXT_CHARS_MAX = 8_000
LABELS_MAX = 64
LABEL_CHARS_MAX = 1_000
LINKS_MAX = 16
CUT = "…"
STRANGE = "\ufffd"
"""Shown in place of a character that must not work."""
CRITICAL = "critical"

_BREAKS = re.compile("\r\n|[\r\u2028\u2029\u0085\v\f]")
_SAFE_ID = re.compile(r"[\w.-]+", re.ASCII)
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
"""Controls, formats (marks of direction and zero-width ones are among them), halves, unassigned."""
_JOINERS = {"\u200d"}
"""Emoji are made with it."""


@dataclass(frozen=True, slots=True)
class Letter:
    notice_id: str
    receiver: str
    incident_id: str
    cluster: str
    kind: str
    severity: str
    title: str
    text: str
    at_ms: int
    expires_at_ms: int
    correlation_id: str
    proposal: str
    labels: Mapping[str, str]
    links: Mapping[str, str]
    possibly_repeated: bool = False
    """An earlier attempt may have arrived."""

    @property
    def key(self) -> str:
        """The same for every attempt, from whichever process; fit for a header."""
        return f"{self.notice_id}:{self.receiver}"

    @property
    def critical(self) -> bool:
        return self.severity == CRITICAL


def letter(notice: Notice, receiver: str) -> Letter:
    return Letter(
        notice_id=_identity(notice.notice_id),
        receiver=receiver,
        incident_id=_identity(notice.incident_id),
        cluster=line(notice.cluster, WORD_CHARS_MAX),
        kind=line(notice.kind, WORD_CHARS_MAX),
        severity=line(notice.severity, WORD_CHARS_MAX).lower(),
        title=line(notice.title, TITLE_CHARS_MAX) or "(no title)",
        text=lines(notice.text, TEXT_CHARS_MAX),
        at_ms=notice.at_ms,
        expires_at_ms=notice.expires_at_ms,
        correlation_id=line(notice.correlation_id, ID_CHARS_MAX),
        proposal=line(notice.proposal, ID_CHARS_MAX),
        labels=_pairs(notice.labels, LABELS_MAX),
        links=_pairs(notice.links, LINKS_MAX),
    )


def line(text: str, chars_max: int) -> str:
    return cut(lines(text, chars_max + 1).replace("\n", " ").strip(), chars_max)


def lines(text: str, chars_max: int) -> str:
    # Cut first: what is looked at character by character must not be as long as a record may be.
    broken = _BREAKS.sub("\n", text[: 2 * chars_max + 2])
    return cut("".join(map(_plain, broken)), chars_max)


def cut(text: str, chars_max: int) -> str:
    return text if len(text) <= chars_max else text[: chars_max - 1] + CUT


def _plain(char: str) -> str:
    if char == "\n" or char in _JOINERS:
        return char
    if char == "\t":
        return " "
    return STRANGE if unicodedata.category(char) in _HIDDEN else char


def _identity(text: str) -> str:
    """Ids of ours are short hexadecimal; another producer's must not break a header or a limit."""
    if len(text) <= ID_CHARS_MAX and _SAFE_ID.fullmatch(text):
        return text
    return digest("identity", text)


def _pairs(pairs: Mapping[str, str], pairs_max: int) -> dict[str, str]:
    return {
        line(name, WORD_CHARS_MAX): line(pairs[name], LABEL_CHARS_MAX)
        for name in sorted(pairs)[:pairs_max]
    }
