"""Texts of others on a person's terminal: nothing in them may move its cursor or hide a word."""

import unicodedata

_UNSEEN = {"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"}
"""Control and format characters, those that turn the direction of writing included."""


def plain(text: str, most: int = 500) -> str:
    """On one line, what cannot be seen written out, and not longer than that."""
    seen = "".join(c if unicodedata.category(c) not in _UNSEEN else _escaped(c) for c in text)
    return seen if len(seen) <= most else f"{seen[: most - 1]}…"


def _escaped(character: str) -> str:
    return " " if character in "\n\t" else f"\\u{ord(character):04x}"
