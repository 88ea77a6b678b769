"""Who is told through what: the notifier's file, as values that have been checked.

Secrets are never in the file. It names the environment variable, or the file, that holds each.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from remediators.notify.pagerduty import ENQUEUE
from remediators.notify.slack import POST_MESSAGE
from remediators.reading import BadFile, Document, read, why

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def _whole(value: Any) -> int:
    """As people write it: `08`, `1_000` and `1e3` are none."""
    if isinstance(value, str) and re.fullmatch(r"[1-9][0-9]{0,5}", value):
        return int(value)
    raise ValueError(f"expected a whole number from 1 on, not {value!r}")


def _flag(value: Any) -> bool:
    if value in ("true", "false"):
        return bool(value == "true")
    raise ValueError(f"expected true or false, not {value!r}")


Count = Annotated[int, BeforeValidator(_whole)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Secret(_Part):
    """Where a secret is: exactly one of the two."""

    env: Text | None = None
    file: Text | None = None

    @model_validator(mode="after")
    def _one(self) -> "Secret":
        if (self.env is None) == (self.file is None):
            raise ValueError("a secret needs exactly one of env and file")
        return self

    def __str__(self) -> str:
        return f"the environment variable {self.env}" if self.env else f"the file {self.file}"


class _Channel(_Part):
    allow_http: Flag = False
    """Send without encryption to another machine. Only where something else encrypts."""


class WebhookPart(_Channel):
    kind: Literal["webhook"]
    url: Text | Secret
    bearer: Secret | None = None
    signing_key: Secret | None = None
    per_minute: Count = 120


class SlackPart(_Channel):
    kind: Literal["slack"]
    webhook_url: Secret | None = None
    token: Secret | None = None
    channel: Text | None = None
    api_url: Text = POST_MESSAGE
    per_minute: Count = 20

    @model_validator(mode="after")
    def _one_way(self) -> "SlackPart":
        if (self.webhook_url is None) == (self.token is None):
            raise ValueError("needs exactly one of webhook_url and token")
        if (self.token is None) != (self.channel is None):
            raise ValueError("a token and a channel go together")
        return self


class PagerDutyPart(_Channel):
    kind: Literal["pagerduty"]
    routing_key: Secret
    url: Text = ENQUEUE
    per_minute: Count = 20


ChannelPart = Annotated[WebhookPart | SlackPart | PagerDutyPart, Field(discriminator="kind")]


class Route(_Part):
    """For these severities and kinds, these channels: the first, and the next while it is down."""

    severities: tuple[Word, ...] | None = None
    kinds: tuple[Word, ...] | None = None
    channels: tuple[Name, ...]
    """Empty where nobody is to be told."""

    def takes(self, severity: str, kind: str) -> bool:
        return (self.severities is None or severity in self.severities) and (
            self.kinds is None or kind in self.kinds
        )

    @property
    def takes_all(self) -> bool:
        return self.severities is None and self.kinds is None


class NotifierFile(_Part):
    default_receiver: Name
    """Told of notices that name none, or none that is here."""
    channels: Annotated[dict[Name, ChannelPart], Field(min_length=1)]
    receivers: Annotated[
        dict[Name, Annotated[tuple[Route, ...], Field(min_length=1)]], Field(min_length=1)
    ]


def load(path: Path) -> NotifierFile:
    """Raises BadFile."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as fault:
        raise BadFile([f"{path}: cannot be read: {fault}"]) from None
    return parse(text, str(path))


def parse(text: str, file: str) -> NotifierFile:
    document = read(text, file)
    try:
        made = NotifierFile.model_validate(document.plain)
    except ValidationError as wrong:
        raise BadFile([document.fault(e["loc"], why(e)) for e in wrong.errors()]) from None
    if faults := list(_contradictions(made, document)):
        raise BadFile(faults)
    return made


def _contradictions(made: NotifierFile, document: Document) -> Iterable[str]:
    if made.default_receiver not in made.receivers:
        yield document.fault(["default_receiver"], f"no receiver is called {made.default_receiver}")
    for name, routes in made.receivers.items():
        if not routes[-1].takes_all:
            why = "the last route must take everything: nothing may fall through unsaid"
            yield document.fault(["receivers", name, len(routes) - 1], why)
        for i, route in enumerate(routes):
            path: list[str | int] = ["receivers", name, i]
            if route.takes_all and i + 1 < len(routes):
                yield document.fault(path, "the routes after this one are never reached")
            if len(set(route.channels)) < len(route.channels):
                yield document.fault([*path, "channels"], "a channel is here twice")
            for channel in route.channels:
                if channel not in made.channels:
                    yield document.fault([*path, "channels"], f"no channel is called {channel}")
    for name, part in made.channels.items():
        for key, url in _urls(part):
            if why := unfit(url, part.allow_http):
                yield document.fault(["channels", name, key], why)


def _urls(part: ChannelPart) -> Iterable[tuple[str, str]]:
    for key in ("url", "api_url"):
        if isinstance(url := getattr(part, key, None), str):
            yield key, url


def unfit(url: str, allow_http: bool) -> str:
    """Why nothing may be sent there; empty where it may."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "not an address"
    if any(char.isspace() or not char.isprintable() for char in url):
        return "an address has no spaces"
    if parts.scheme not in ("https", "http") or not host:
        return "expected an address that begins with https://"
    if parts.username is not None or parts.password is not None:
        return "no credentials in an address: name them by bearer"
    if parts.fragment:
        return "an address to send to has no #fragment"
    if parts.scheme == "http" and host not in LOOPBACK and not allow_http:
        return "http only to this machine, or with allow_http: true"
    return ""
