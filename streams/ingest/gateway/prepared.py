"""The body as it is kept: with what the headers and the file of sources say of it, where that is a
part of it."""

from collections.abc import Mapping

from streams.ingest.formats.format import Format
from streams.ingest.formats.generic import generic, wrap
from streams.ingest.gateway.source import Source


def prepared(headers: Mapping[str, str], source: Source, format: Format, body: bytes) -> bytes:
    """Raises ValueError. `headers` by name, in whatever case."""
    if format.prepare:
        return format.prepare(headers, body)
    if format is not generic:
        return body
    if source.mapping is None:
        raise ValueError(f"the source {source.name!r} is not registered with a mapping")
    return wrap(source.mapping, body)
