"""Notices, letters and files with sensible defaults."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from remediators.notify.config import NotifierFile, parse
from remediators.notify.letter import Letter, letter
from schemas.ids import digest
from schemas.notices import Notice

NOW_MS = 1_700_000_000_000
HOUR_MS = 3_600_000

FILE = """
default_receiver: team
channels:
  ops: {kind: slack, webhook_url: {env: SLACK_URL}, per_minute: 20}
  pager: {kind: pagerduty, routing_key: {env: PAGERDUTY_KEY}, per_minute: 20}
  hook: {kind: webhook, url: "https://hook.example/x", per_minute: 20}
receivers:
  team:
    - {severities: [critical], channels: [pager, ops]}
    - {channels: [ops, hook]}
  audit:
    - {channels: [hook]}
  nobody:
    - {channels: []}
"""


def file(text: str = FILE) -> NotifierFile:
    return parse(text, "notifier.yaml")


def notice(
    number: int = 1,
    kind: str = "escalated",
    severity: str = "medium",
    incident: str = "incident-1",
    at_ms: int = NOW_MS,
    ttl_ms: int = HOUR_MS,
    receivers: tuple[str, ...] = (),
    **more: Any,
) -> Notice:
    fields: dict[str, Any] = {
        "title": f"checkout fails {number}",
        "text": "three of three pods restart",
        "labels": {"alertname": "Errors", "service": "checkout"},
        **more,
    }
    return Notice(
        notice_id=digest("notice", number, kind, incident),
        incident_id=incident,
        cluster="eu-1",
        kind=kind,
        severity=severity,
        at_ms=at_ms,
        expires_at_ms=at_ms + ttl_ms,
        correlation_id=incident,
        receivers=receivers,
        **fields,
    )


def a_letter(receiver: str = "team", possibly_repeated: bool = False, **more: Any) -> Letter:
    return replace(letter(notice(**more), receiver), possibly_repeated=possibly_repeated)


def fresh(number: int = 1, **more: Any) -> Notice:
    """Of this moment, by the host's clock."""
    return notice(number, at_ms=time.time_ns() // 1_000_000, **more)


def environment(urls: Mapping[str, str]) -> dict[str, str]:
    return {"SLACK_URL": "https://hooks.example/T/B/secret", "PAGERDUTY_KEY": "k" * 32, **urls}
