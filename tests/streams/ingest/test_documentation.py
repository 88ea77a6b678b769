"""What docs/sources.md shows is run as it stands there."""

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from deploy.sandbox.kafka import Kafka
from schemas.alerts import AlertStatus
from schemas.codec import decode
from schemas.metrics import Samples
from schemas.topics import ALERTS, METRICS
from streams.ingest.formats import limits
from streams.ingest.formats.catalog import FORMATS, read
from streams.ingest.formats.datadog import Datadog
from streams.ingest.formats.generic import wrap
from streams.ingest.gateway.source_file import KNOWN, compile_sources
from streams.ingest.scraper.targets import read_targets
from streams.ingest.series_key import series_key
from tests.streams.ingest.running import Start
from tests.streams.ingest.topics import header, records_of

TEXT = (Path(__file__).parents[3] / "docs" / "sources.md").read_text()


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


(_FILE,) = [text for text in examples("yaml") if text.startswith("version: 1\nsources:")]
REGISTERED = compile_sources(_FILE)
PROGRAMS = [text for text in examples("python") if "asyncio.run" in text]


def test_the_file_of_sources_compiles() -> None:
    sources = {source.name: source for source in REGISTERED}
    eu = sources["prometheus-eu"]
    assert (eu.cluster, len(eu.tokens.envs)) == ("prod-eu", 2)
    assert all(source.proves_itself for source in sources.values())


def test_google_sends_the_name_that_is_registered() -> None:
    (login,) = [source.login for source in REGISTERED if source.format == "gcp"]
    assert login
    assert re.findall(r'^ +username = "(.*?)"', TEXT, re.MULTILINE) == [login.user]


def test_grafana_sends_the_token_or_signs_as_it_is_registered() -> None:
    (point,) = [yaml.safe_load(text) for text in examples("yaml") if "contactPoints:" in text]
    settings = point["contactPoints"][0]["receivers"][0]["settings"]
    assert settings["authorization_scheme"] == "Bearer"
    (token,) = [source for source in REGISTERED if source.format == "grafana"]
    assert token.tokens.envs
    (signs,) = [yaml.safe_load(text) for text in examples("yaml") if "hmacConfig:" in text]
    (text,) = [text for text in examples("yaml") if text.startswith("- name: grafana")]
    (signed,) = compile_sources(f"version: 1\nsources:\n{text}")
    assert signed.signature
    assert signed.signature.header == "X-Grafana-Alerting-Signature"  # Grafana's own, unless told
    assert signed.signature.timestamp_header == signs["hmacConfig"]["timestampHeader"]


@pytest.mark.needs("amtool")
def test_amtool_reads_its_file_as_shown(tmp_path: Path) -> None:
    heard = []

    class Asked(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append((urlsplit(self.path).path, self.headers["Authorization"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, *_: object) -> None: ...

    (line,) = re.findall(r"^    (amtool .*)$", TEXT, re.MULTILINE)
    (file,) = [text for text in examples("yaml") if text.startswith("authorization:")]
    (tmp_path / "mendlog.yml").write_text(file)
    (tmp_path / "mendlog-token").write_text("a-word-of-amtools-own\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), Asked) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        here = line.replace("127.0.0.1:9093", f"127.0.0.1:{server.server_port}")
        done = subprocess.run(shlex.split(here), cwd=tmp_path, timeout=60, check=False)
        server.shutdown()
    assert done.returncode == 0
    assert heard == [("/api/v2/alerts", "Bearer a-word-of-amtools-own")]


MAPPED = [text for text in examples("yaml") if "firing:" in text]
KUMA = {"monitor": {"id": 7, "name": "shop", "tags": [{"name": "cluster", "value": "eu"}]}}


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        (MAPPED[0], {**KUMA, "heartbeat": {"status": 0, "time": "2026-11-01 10:00:00.000"}}),
        (
            MAPPED[1],
            {"id": "7", "value": "1", "name": "down", "severity": "4", "began": "1793527200"},
        ),
    ],
    ids=["Uptime Kuma", "Zabbix"],
)
def test_the_mappings_read_what_their_senders_send(text: str, sent: dict[str, object]) -> None:
    section = (
        text
        if text.startswith("- name")
        else f"- name: zabbix\n  format: generic\n{indented(text)}"
    )
    (source,) = compile_sources(f"version: 1\nsources:\n{section}")
    assert source.mapping
    parsed = FORMATS["generic"].parse(wrap(source.mapping, json.dumps(sent).encode()), "s", 0)
    assert not parsed.faults
    (seen,) = parsed.sightings
    assert (seen.status, seen.labels["severity"]) == (AlertStatus.FIRING, "critical")


def indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())


def test_every_other_example_is_yaml_or_targets() -> None:
    assert all(all(yaml.safe_load_all(text)) for text in examples("yaml"))
    (targets,) = [text for text in examples("json") if text.startswith("[")]
    assert read_targets(targets.encode())[0].series == "checkout|checkout-1"


def test_the_template_for_datadog_has_every_field_that_is_read() -> None:
    (template,) = [text for text in examples("json") if "$ALERT_TRANSITION" in text]
    assert set(json.loads(template)) == set(Datadog.__struct_fields__)


def test_every_format_and_limit_is_told() -> None:
    assert all(f"`{name}`" in TEXT for name in KNOWN)
    assert f"{limits.ALERTS_MAX:,} alerts" in TEXT
    assert f"{limits.LABELS_MAX} labels" in TEXT
    assert f"{limits.VALUE_BYTES_MAX // 1024} KiB a value" in TEXT
    assert f"{limits.ALERT_BYTES_MAX // 1024} KiB of text" in TEXT
    assert f"{limits.DEPTH_MAX} levels" in TEXT


@pytest.mark.broker
async def test_the_program_that_writes_alerts_straight_into_kafka(
    kafka: Kafka, prefix: str
) -> None:
    alerts, _ = PROGRAMS
    await run(alerts, kafka, prefix)
    (record,) = await records_of(kafka.bootstrap, prefix, ALERTS)
    parsed = read(record.value, "s", header(record, "format"), record.timestamp)
    assert not parsed.faults
    assert parsed.sightings[0].status is AlertStatus.FIRING
    assert parsed == read(record.value, "s", None, record.timestamp)


@pytest.mark.broker
async def test_the_program_that_writes_samples_straight_into_kafka(
    kafka: Kafka, prefix: str
) -> None:
    _, samples = PROGRAMS
    await run(samples, kafka, prefix)
    (record,) = await records_of(kafka.bootstrap, prefix, METRICS)
    kept = decode(record.value, Samples)
    assert isinstance(kept, Samples)
    assert record.key.decode() == series_key(kept.labels, "")
    assert [(s.name, s.value) for s in kept.samples] == [("queue_depth", 42.0)]


@pytest.mark.broker
async def test_a_source_of_ones_own_is_one_file(
    kafka: Kafka, prefix: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    (text,) = [text for text in examples("python") if text not in PROGRAMS]
    file: dict[str, Any] = {"__name__": "acme"}
    exec(text, file)
    monkeypatch.setitem(FORMATS, "acme", file["acme"])
    gateway = await start(kafka.bootstrap, topic_prefix=prefix)
    for state in ("down", "up"):
        body = json.dumps({"id": "7", "state": state, "site": "shop"}).encode()
        assert await gateway.post(body, "/webhook/acme") == (200, "")
    assert (await gateway.post(b'{"id": "7", "state": "?"}', "/webhook/acme"))[0] == 400
    seen = [
        read(record.value, "s", header(record, "format"), record.timestamp).sightings[0]
        for record in await gateway.records()
    ]
    assert {one.status for one in seen} == {AlertStatus.FIRING, AlertStatus.RESOLVED}
    assert len({one.fingerprint for one in seen}) == 1
    assert await gateway.metric("mendlog_gateway_alerts_accepted_total") == 2


async def run(program: str, kafka: Kafka, prefix: str) -> None:
    env = {"MENDLOG_BOOTSTRAP": kafka.bootstrap, "MENDLOG_TOPIC_PREFIX": prefix}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, env={**os.environ, **env}
    )
    assert await process.wait() == 0
