"""CloudEvents as records of Kafka, in binary and in structured mode -> the structured JSON."""

from collections.abc import Iterable, Mapping

from streams.ingest.formats.cloudevents_binary import EVENTS, is_structured, structured

IN_KAFKA = "ce_"
CONTENT_TYPE = "content-type"
NEEDED = frozenset({"ce_id", "ce_source", "ce_specversion", "ce_type"})
Headers = Iterable[tuple[str, bytes]]


def is_event(headers: Headers) -> bool:
    """A record is one where its content type says so, or where it has all that an event must have:
    a header that only begins as theirs do says nothing."""
    found = {name.lower(): value for name, value in headers}
    content_type = found.get(CONTENT_TYPE, b"").lower()
    return found.keys() >= NEEDED or content_type.startswith(EVENTS.encode())


def from_kafka(headers: Headers, value: bytes | None) -> bytes | None:
    """None for a tombstone, a record without a value: it tells of no alert. Raises ValueError."""
    if not value:
        return None
    found = {name.lower(): text for name, text in headers}
    content_type = _text(found, CONTENT_TYPE)
    if is_structured(content_type):
        return value
    attributes = {
        name.removeprefix(IN_KAFKA): _text(found, name)
        for name in found
        if name.startswith(IN_KAFKA)
    }
    return structured(attributes, content_type, value)


def _text(headers: Mapping[str, bytes], name: str) -> str:
    """As it stands: in Kafka, other than in HTTP, nothing is written as %20. Raises ValueError."""
    try:
        return headers.get(name, b"").decode()
    except UnicodeDecodeError:
        raise ValueError(f"the header {name} is not UTF-8") from None
