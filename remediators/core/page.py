"""What came of asking a service for a page."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """It has answered. What it says is text by a stranger: to be judged, never to be repeated."""

    status: int
    body: bytes = b""
    cut: str = ""
    """Why the body is not whole; empty when it is."""


@dataclass(frozen=True, slots=True)
class NoPage:
    """Not asked, or not answered."""

    why: str
