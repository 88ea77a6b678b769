"""What the gateway and `observe` know of a format: its name, its door, its parser."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from streams.ingest.formats.parsed import Checked, Parsed

JSON = frozenset({"application/json"})


Prepare = Callable[[Mapping[str, str], bytes], bytes]


@dataclass(frozen=True, slots=True)
class Format:
    name: str
    parse: Callable[[bytes, str, int], Parsed]
    """(body, source's name, when it was received)"""
    check: Callable[[bytes, int], Checked]
    """(body, when it was received): what `parse` would find, as cheaply as may be."""
    path: str | None = None
    """Where it is sent by HTTP. None: nobody may."""
    without: Callable[[bytes, frozenset[int]], bytes] | None = None
    """The same delivery without the alerts at these places; None where it holds one alert."""
    methods: tuple[str, ...] = ("POST",)
    media_types: frozenset[str] = JSON
    sent_with: str = ""
    """A header that its sender always sends. It keeps out what a page in a browser sends to any
    address unasked, where the media type alone would not."""
    gives_up: bool = True
    """Whether its sender, told 400, would send none of the delivery again: it is told 200 where at
    least one alert was good."""
    prepare: Prepare | None = None
    """(the request's headers, its body) -> the body that is kept, where the headers say a part of
    it. Raises ValueError."""
