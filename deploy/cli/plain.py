"""Texts of others on a person's terminal: nothing in them may move its cursor or hide a word."""


def plain(text: str, most: int = 500) -> str:
    """On one line, what cannot be seen written out, and not longer than that."""
    seen = "".join(c if c.isprintable() else _written_out(c) for c in text)
    return seen if len(seen) <= most else f"{seen[: most - 1]}…"


def _written_out(character: str) -> str:
    """Control and format characters, those that turn the direction of writing included."""
    return " " if character.isspace() else character.encode("unicode_escape").decode()
