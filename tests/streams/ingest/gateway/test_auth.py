"""Who may send, and as whom; and when the gateway refuses to start."""

from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from streams.ingest.formats.alertmanager import API_V2, WEBHOOK
from streams.ingest.gateway.auth import UNNAMED, Doorkeeper, Unguarded, doorkeeper
from streams.ingest.gateway.process import Gateway, run_gateway
from streams.ingest.gateway.proofs.caller import Caller
from streams.ingest.gateway.source import Secrets, Source
from streams.ingest.gateway.source_file import KEYS, KNOWN, compile_sources
from streams.ingest.refusal import BadConfiguration, Refused
from streams.reading.faults import FileError
from streams.settings import GatewaySettings
from tests.streams.ingest.payloads import alert, body, hook
from tests.streams.ingest.running import Start
from tests.streams.ingest.topics import header

OLD, NEW, OTHER = "old-token-0123456789", "new-token-0123456789", "other-token-0123456789"
SOURCES = """\
version: 1
sources:
  - name: prom-eu
    cluster: prod-eu
    token_env: [PROM_OLD, PROM_NEW]
  - name: am
    format: alertmanager-webhook
    token_env: AM
"""
ENV = {"PROM_OLD": OLD, "PROM_NEW": NEW, "AM": OTHER}


def caller(authorization: str | None, name: str | None = None) -> Caller:
    shown = {"Authorization": authorization} if authorization is not None else {}
    return Caller(API_V2, shown, "127.0.0.1", name)


def admitted(keeper: Doorkeeper, authorization: str | None, name: str | None = None) -> Source:
    source = keeper.admit(caller(authorization, name))
    assert source
    return source


def refused(keeper: Doorkeeper, authorization: str | None, name: str | None = None) -> int:
    with pytest.raises(Refused) as refusal:
        keeper.admit(caller(authorization, name))
    return refusal.value.status


def test_two_tokens_of_a_source_are_valid_at_once() -> None:
    keeper = doorkeeper(compile_sources(SOURCES), "0.0.0.0", ENV)
    names = [admitted(keeper, f"Bearer {t}").name for t in (OLD, NEW, OTHER)]
    assert names == ["prom-eu", "prom-eu", "am"]
    assert admitted(keeper, f"bearer {OLD}", "am").name == "prom-eu"


@pytest.mark.parametrize(
    "shown",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Basic {OLD}",
        OLD,
        f"Bearer {OLD[:-1]}",
        f"Bearer {OLD}x",
        f"Bearer {OLD} {NEW}",
        "Bearer \udcff",
        "Bearer " + "x" * 8000,
    ],
)
def test_anything_else_is_no_token(shown: str | None) -> None:
    assert refused(doorkeeper(compile_sources(SOURCES), "::", ENV), shown) == 401


def test_a_token_that_was_taken_out_is_no_longer_valid() -> None:
    rotated = {**ENV, "PROM_OLD": "next-token-0123456789"}
    assert refused(doorkeeper(compile_sources(SOURCES), "::", rotated), f"Bearer {OLD}") == 401


def test_without_tokens_senders_name_themselves() -> None:
    registered = Source("prom-eu", cluster="prod-eu")
    keeper = Unguarded([registered])
    assert admitted(keeper, None, "prom-eu") == registered
    assert admitted(keeper, None, "new") == Source("new")
    assert admitted(keeper, "Bearer whatever") == UNNAMED
    assert refused(keeper, None, "../x") == 400


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.1", "example.org"])
def test_without_tokens_only_this_machine_may_send(host: str) -> None:
    with pytest.raises(BadConfiguration, match="no source has a token"):
        doorkeeper((), host, {})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_may(host: str) -> None:
    assert isinstance(doorkeeper((), host, {}), Unguarded)


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({**ENV, "AM": ""}, "^the token of source 'am' in .AM is empty$"),
        ({"PROM_NEW": NEW, "AM": OTHER}, "^the token of source 'prom-eu' in .PROM_OLD is not set$"),
        (
            {"AM": "x", "PROM_NEW": NEW},
            ".PROM_OLD is not set; the token of source 'am' in .AM is no",
        ),
        ({**ENV, "AM": "short"}, "16 or more"),
        ({**ENV, "AM": "sixteen characters with spaces"}, "visible ASCII"),
        ({**ENV, "AM": OLD}, "'prom-eu' and 'am' share a token"),
    ],
)
def test_tokens_that_are_none(env: dict[str, str], why: str) -> None:
    with pytest.raises(BadConfiguration, match=why):
        doorkeeper(compile_sources(SOURCES), "127.0.0.1", env)


def test_a_token_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{OLD}\n")
    source = Source("s", tokens=Secrets(files=(str(tmp_path / "token"),)))
    assert admitted(doorkeeper([source], "::", {}), f"Bearer {OLD}") == source
    missing = Source("s", tokens=Secrets(files=(str(tmp_path / "none"),)))
    with pytest.raises(BadConfiguration, match=r"none cannot be read: no such file or directory$"):
        doorkeeper([missing], "::", {})
    (tmp_path / "bytes").write_bytes(b"\xff" * 20)
    garbled = Source("s", tokens=Secrets(files=(str(tmp_path / "bytes"),)))
    with pytest.raises(BadConfiguration, match=r"bytes is not UTF-8$"):
        doorkeeper([garbled], "::", {})


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", ["sources:1:1: the file is empty"]),
        ("- name: a", ["sources:1:1: expected the keys of a file of sources"]),
        (
            "version: 1\nsources:\n  - nome: a",
            [
                "sources:3:5: a source needs 'name'",
                f"sources:3:5: unknown key 'nome' in a source; it knows {KEYS}",
            ],
        ),
        (
            "version: 1\nsources:\n  - {name: a b, format: nagios}",
            [
                "sources:3:12: expected a name of letters, digits and ._- instead of 'a b'",
                f"sources:3:25: unknown format 'nagios'; known are {', '.join(KNOWN)}",
            ],
        ),
        (
            "version: 1\nsources: [{name: a}, {name: a}]",
            ["sources:1:1: 2 sources are named 'a'"],
        ),
        (
            "version: 1\nsources: [{name: a, token_env: [A, B], token_file: c}]",
            ["sources:2:11: a source has at most 2 tokens"],
        ),
        (
            "version: 1\nsources: [{name: no}]",
            ["sources:2:18: expected text: write 'no' in quotes"],
        ),
        (
            "version: 1\nsources: [{name: a, cluster: ''}]",
            ["sources:2:30: expected a cluster's name of at most 253 bytes"],
        ),
    ],
)
def test_a_wrong_file_says_where(text: str, faults: list[str]) -> None:
    with pytest.raises(FileError) as error:
        compile_sources(text)
    assert [str(fault) for fault in error.value.faults] == faults


def test_a_file_of_sources_that_is_not_there_is_told_by_its_setting(tmp_path: Path) -> None:
    file = tmp_path / "none.yaml"
    why = f"^MENDLOG_SOURCES_FILE={file}: no such file or directory$"
    with pytest.raises(BadConfiguration, match=why):
        Gateway(GatewaySettings(port=0, sources_file=file))


def test_the_gateway_does_not_start_misconfigured(tmp_path: Path) -> None:
    assert run_gateway(GatewaySettings(host="0.0.0.0", port=0)) == 78
    assert run_gateway(GatewaySettings(port=0, in_flight_bytes_max=1)) == 78
    assert run_gateway(GatewaySettings(port=0, sources_file=tmp_path / "none.yaml")) == 78
    (tmp_path / "bad.yaml").write_bytes(b"\xff")
    assert run_gateway(GatewaySettings(port=0, sources_file=tmp_path / "bad.yaml")) == 78


@pytest.mark.broker
async def test_the_token_decides_source_and_cluster(
    kafka: Kafka, prefix: str, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "sources.yaml").write_text(SOURCES)
    gateway = await start(
        kafka.bootstrap,
        topic_prefix=prefix,
        sources_file=tmp_path / "sources.yaml",
        host="127.0.0.1",
        env=ENV,
    )
    raw = body(alert())
    assert (await gateway.post(raw))[0] == 401
    assert (await gateway.post(raw, Authorization="Bearer wrong"))[0] == 401
    assert (await gateway.post(raw, Authorization=f"Bearer {OTHER}"))[0] == 403
    assert (await gateway.post(b"x" * 5_000_000, Authorization="Bearer wrong"))[0] == 401
    assert await gateway.records() == []
    path = "/api/v2/alerts?source=am"
    assert (await gateway.post(raw, path, Authorization=f"Bearer {NEW}"))[0] == 200
    good = hook(alert(status="firing"))
    assert (await gateway.post(good, "/webhook/alertmanager", Authorization=f"Bearer {OTHER}"))[
        0
    ] == 200
    seen = {
        (header(r, "source"), header(r, "format"), header(r, "cluster"))
        for r in await gateway.records()
    }
    assert seen == {("prom-eu", API_V2, "prod-eu"), ("am", WEBHOOK, None)}
    assert await gateway.metric('mendlog_gateway_requests_total{code="401"') == 3
    assert await gateway.metric('mendlog_gateway_alerts_accepted_total{source="am"}') == 1


@pytest.mark.broker
async def test_senders_cannot_invent_metrics(kafka: Kafka, prefix: str, start: Start) -> None:
    gateway = await start(kafka.bootstrap, topic_prefix=prefix)
    for name in ("a", "b", "c"):
        assert (await gateway.post(body(alert()), f"/api/v2/alerts?source={name}"))[0] == 200
    assert {header(r, "source") for r in await gateway.records()} == {"a", "b", "c"}
    assert await gateway.metric('mendlog_gateway_alerts_accepted_total{source="other"}') == 3
