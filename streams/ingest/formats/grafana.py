"""Grafana's own alerting, by its webhook: Alertmanager's, and of each alert some fields more.

What Grafana cannot tell comes in two ways. By default as an alert of its own, `DatasourceNoData` or
`DatasourceError`; where a rule's state for no data is Alerting, under the rule's name, and only an
annotation says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from schemas.alerts import NO_DATA
from streams.ingest.formats.alert_json import read_alert, unix_ms
from streams.ingest.formats.alertmanager import WebhookAlert, parse_each, without_webhook
from streams.ingest.formats.format import Format
from streams.ingest.formats.parsed import Parsed
from streams.ingest.formats.report import RESOLVED, Report, checking, each
from streams.ingest.formats.sighting import usable

DATASOURCE_ALERTS = frozenset({"DatasourceNoData", "DatasourceError"})
STATE_REASON = "grafana_state_reason"
UNKNOWN = frozenset({"NoData", "Error"})
"""Reasons for a state, where no data and an error fire. With `NoData, KeepLast` it fires on because
it did before, which was for a reason."""
TEST_ALERT = {"alertname": "TestAlert", "instance": "Grafana"}.items()
"""What the button "Test" of a contact point sends, unless somebody changes it."""
TEXT_LENGTH_MAX = 4096


class GrafanaAlert(WebhookAlert, kw_only=True):
    generator_url: str | None = msgspec.field(default=None, name="generatorURL")
    dashboard_url: str | None = msgspec.field(default=None, name="dashboardURL")
    panel_url: str | None = msgspec.field(default=None, name="panelURL")
    values: dict[str, float] | None = None
    value_string: str | None = None


_alert = msgspec.json.Decoder(GrafanaAlert)


def parse(body: bytes, source: str, received_ms: int) -> Parsed:
    return parse_each(body, lambda items: each(items, tell, source, received_ms))


def tell(raw: bytes, _received_ms: int) -> Sequence[Report]:
    sent = read_alert(raw, _alert)
    if sent.labels.items() >= TEST_ALERT:
        return ()
    known = Report(
        usable(sent.labels),
        sent.status,
        _annotations(sent),
        unix_ms(sent.starts_at),
        unix_ms(sent.ends_at),
    )
    unknown = replace(known, labels={**known.labels, NO_DATA: "no data"})
    if sent.labels.get("alertname") in DATASOURCE_ALERTS:
        return (unknown,)
    if sent.status is RESOLVED:
        # Which of the two it was that fired, the end does not say.
        return (known, unknown)
    reason = (sent.annotations or {}).get(STATE_REASON)
    return (unknown if reason in UNKNOWN else known,)


def _annotations(sent: GrafanaAlert) -> Mapping[str, str]:
    """The rule's own come first."""
    values = [f"{name}={value:g}" for name, value in (sent.values or {}).items()]
    more = {
        "link": sent.generator_url,
        "dashboard_url": sent.dashboard_url,
        "panel_url": sent.panel_url,
        "values": ", ".join(values),
        "value_string": sent.value_string,
    }
    return {
        **{name: text[:TEXT_LENGTH_MAX] for name, text in more.items() if text},
        **(sent.annotations or {}),
    }


grafana = Format(
    "grafana",
    parse,
    checking(parse),
    "/webhook/grafana",
    without_webhook,
    methods=("POST", "PUT"),
)
