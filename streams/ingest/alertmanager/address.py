"""Where an Alertmanager answers questions: what people write, and what is wrong with it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from yaml.nodes import Node
from yarl import URL

from streams.reading.nodes import Reading, Section

PATH = "api/v2/alerts"
RECEIVERS_PATH = "api/v2/receivers"
KEYS = ("alertmanager_url", "alertmanager_authorization_file")


@dataclass(frozen=True, slots=True)
class Address:
    """Where an Alertmanager answers, and how we prove ourselves to it."""

    url: str
    """Without the API's own path: `http://alertmanager:9093/prefix`."""
    authorization_file: str = ""
    """Holds the whole value of the header `Authorization`, such as `Bearer …`."""


def complaint(url: str) -> str:
    """What is wrong with an address; nothing where it will do."""
    try:
        parts = urlsplit(url)
        _ = parts.port
        URL(url)  # By which it is asked; it knows some faults more.
    except ValueError as error:
        return str(error)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "expected http://host:port or https://host:port"
    if parts.username is not None or parts.query or parts.fragment:
        return "without a user, a query and a fragment"
    if parts.path.rstrip("/").endswith(PATH):
        return f"without /{PATH}"
    return ""


def read_address(reading: Reading, node: Node, section: Section) -> Address | None:
    """Of a source: never from what is sent, so that no sender can choose whom we ask."""
    url = section.may(KEYS[0], lambda n: _url(reading, n), "")
    file = section.may(KEYS[1], reading.text, "")
    if file and not url:
        reading.fault(node, f"`{KEYS[1]}` without `{KEYS[0]}`")
    return Address(url.rstrip("/"), file) if url else None


def _url(reading: Reading, node: Node) -> str:
    url = reading.text(node)
    if wrong := complaint(url):
        reading.fault(node, f"{url[:100]!r}: {wrong}")
    return url
