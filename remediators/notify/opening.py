"""From the notifier's file to channels: secrets are read here, once, and kept nowhere else."""

from collections.abc import Mapping
from pathlib import Path

from remediators.notify.channel import Channel
from remediators.notify.config import (
    ChannelPart,
    NotifierFile,
    PagerDutyPart,
    Secret,
    SlackPart,
    WebhookPart,
    unfit,
)
from remediators.notify.pagerduty import PagerDuty
from remediators.notify.slack import Slack
from remediators.notify.webhook import Webhook
from remediators.reading import BadFile

SECRET_BYTES_MAX = 8_192


def open_channels(file: NotifierFile, environment: Mapping[str, str]) -> dict[str, Channel]:
    """Raises BadFile, for all secrets that are not there at once."""
    opened: dict[str, Channel] = {}
    faults: list[str] = []
    for name, part in file.channels.items():
        try:
            opened[name] = _open(name, part, environment)
        except ValueError as fault:
            faults.append(f"channel {name}: {fault}")
    if faults:
        raise BadFile(faults)
    return opened


def secrets_of(file: NotifierFile) -> list[str]:
    """Where all of them are, for people."""
    return [
        f"channel {name} takes its {key} from {value}"
        for name, part in file.channels.items()
        for key in type(part).model_fields
        if isinstance(value := getattr(part, key), Secret)
    ]


def _open(name: str, part: ChannelPart, environment: Mapping[str, str]) -> Channel:
    def secret(where: Secret | None) -> str:
        return _secret(where, environment) if where else ""

    match part:
        case WebhookPart():
            url = part.url if isinstance(part.url, str) else _address(secret(part.url), part)
            bearer, key = secret(part.bearer), secret(part.signing_key)
            return Webhook(name, part.per_minute, url, bearer, key)
        case SlackPart(webhook_url=None):
            token = secret(part.token)
            return Slack(name, part.per_minute, part.api_url, token, part.channel or "")
        case SlackPart():
            return Slack(name, part.per_minute, _address(secret(part.webhook_url), part))
        case PagerDutyPart():
            return PagerDuty(name, part.per_minute, secret(part.routing_key), part.url)


def _address(url: str, part: ChannelPart) -> str:
    if why := unfit(url, part.allow_http):
        raise ValueError(f"its secret address: {why}")
    return url


def _secret(where: Secret, environment: Mapping[str, str]) -> str:
    value = environment.get(where.env, "") if where.env else _from_file(where.file or "")
    value = value.strip()
    if not value:
        raise ValueError(f"{where} is not there, or is empty")
    if not (value.isascii() and value.isprintable()):
        raise ValueError(f"{where} holds more than one line of plain characters")
    return value


def _from_file(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8") as file:
            return file.read(SECRET_BYTES_MAX)
    except (OSError, ValueError) as fault:
        raise ValueError(f"the file {path} cannot be read: {type(fault).__name__}") from None
