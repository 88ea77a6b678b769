"""The registry client against a server that speaks Confluent's interface."""

import json
import socket
import threading
from collections.abc import Iterator

import pytest

from schemas.alerts import Alert
from schemas.codec import DecodeFault, Undecodable, decode, encode
from schemas.controls import Heartbeat
from schemas.registry import BadRegistryUrl, Registry, RegistryFault
from schemas.shape import schema_of
from tests.schemas.registry_server import RegistryServer, registry_server

ALERT = Alert({"alertname": "Slow"}, {}, starts_at_ms=1)


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    with registry_server() as served:
        yield served


def test_what_one_process_frames_another_reads(server: RegistryServer) -> None:
    framed = encode(ALERT, confluent_id=Registry(server.url).id_for(Alert, "mendlog.alerts"))
    assert decode(framed, Alert, registry=Registry(server.url).schema) == ALERT


def test_a_schema_is_asked_for_once(server: RegistryServer) -> None:
    registry = Registry(server.url)
    framed = encode(ALERT, confluent_id=server.add(schema_of(Alert)))
    for _ in range(3):
        assert decode(framed, Alert, registry=registry.schema) == ALERT
    assert server.requests == ["GET /schemas/ids/1"]


def test_a_schema_of_another_team_that_has_all_that_ours_needs(server: RegistryServer) -> None:
    theirs = schema_of(Alert)
    theirs["fields"] = [
        {"name": "team", "type": "string"},
        *(f for f in theirs["fields"] if f["name"] not in ("generator_url", "ends_at_ms")),
    ]
    body = encode(ALERT, confluent_id=server.add(theirs))
    framed = body[:5] + b"\x06sre" + body[5:-2]  # without the two empty fields at the end
    assert decode(framed, Alert, registry=Registry(server.url).schema) == ALERT


def test_an_unknown_id_is_the_record_s_fault(server: RegistryServer) -> None:
    value = decode(encode(ALERT, confluent_id=9), Alert, registry=Registry(server.url).schema)
    assert value == Undecodable(DecodeFault.UNKNOWN_SCHEMA, "registry id 9")


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({"schema": "message Alert {}", "schemaType": "PROTOBUF"}, id="Protobuf"),
        pytest.param({"schema": '"string"'}, id="no record"),
        pytest.param({"schema": "{"}, id="no JSON"),
        pytest.param({}, id="no schema at all"),
    ],
)
def test_a_schema_that_is_no_avro_record(server: RegistryServer, entry: dict[str, str]) -> None:
    server.schemas[1] = entry
    value = decode(encode(ALERT, confluent_id=1), Alert, registry=Registry(server.url).schema)
    assert isinstance(value, Undecodable)
    assert value.fault is DecodeFault.UNKNOWN_SCHEMA


def test_our_schema_is_registered_once_with_its_defaults(server: RegistryServer) -> None:
    first, second = Registry(server.url), Registry(server.url)
    ids = {first.id_for(Alert, "mendlog.alerts") for _ in range(3)}
    assert ids == {second.id_for(Alert, "mendlog.alerts")}
    assert json.loads(server.schemas[ids.pop()]["schema"]) == schema_of(Alert)
    assert server.requests == [
        "POST /subjects/mendlog.alerts-value",
        "POST /subjects/mendlog.alerts-value/versions",
        "POST /subjects/mendlog.alerts-value",
    ]


def test_topics_and_records_have_ids_of_their_own(server: RegistryServer) -> None:
    registry = Registry(server.url)
    beats = registry.id_for(Heartbeat, "mendlog.switches")
    assert registry.id_for(Alert, "mendlog.alerts") != beats
    assert set(server.subjects) == {"mendlog.switches-value", "mendlog.alerts-value"}


def test_without_the_right_to_register_an_id_is_still_found(server: RegistryServer) -> None:
    wanted = Registry(server.url).id_for(Alert, "mendlog.alerts")
    server.read_only = True
    assert Registry(server.url).id_for(Alert, "mendlog.alerts") == wanted
    with pytest.raises(RegistryFault, match=r"403 .*denied operation Write"):
        Registry(server.url).id_for(Heartbeat, "mendlog.switches")


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (500, b'{"error_code": 50002}', "500 .*50002"),
        (401, b"", "401"),
        (200, b"<html>a proxy's page", "is no registry"),
        (200, b"[]", "is no registry"),
    ],
)
def test_a_registry_out_of_order_is_not_the_record_s_fault(
    server: RegistryServer, status: int, body: bytes, said: str
) -> None:
    server.broken = (status, body)
    with pytest.raises(RegistryFault, match=said):
        decode(encode(ALERT, confluent_id=1), Alert, registry=Registry(server.url).schema)
    server.broken = None
    registry = Registry(server.url)
    assert registry.schema(server.add(schema_of(Alert))) == schema_of(Alert)


def test_a_registry_that_is_not_there() -> None:
    with socket.socket() as bound:  # bound and not listening: nobody else gets the port
        bound.bind(("127.0.0.1", 0))
        registry = Registry(f"http://127.0.0.1:{bound.getsockname()[1]}")
        with pytest.raises(RegistryFault, match="refused"):
            registry.schema(1)


def test_a_registry_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        registry = Registry(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.05)
        with pytest.raises(RegistryFault, match="timed out"):
            registry.schema(1)


def test_a_registry_that_hangs_up() -> None:
    def hang_up() -> None:
        listening.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        other_side = threading.Thread(target=hang_up)
        other_side.start()
        with pytest.raises(RegistryFault):
            Registry(f"http://127.0.0.1:{listening.getsockname()[1]}").schema(1)
        other_side.join()


def test_a_password_is_sent_and_never_shown(server: RegistryServer) -> None:
    registry = Registry(server.url.replace("//", "//reader:s%40cret@"))
    assert registry.schema(1) is None
    assert server.authorizations == {"Basic cmVhZGVyOnNAY3JldA=="}
    server.broken = (500, b"")
    with pytest.raises(RegistryFault) as caught:
        registry.schema(1)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["registry:8081", "file:///etc/passwd", "http://", ""])
def test_settings_that_are_no_address(url: str) -> None:
    with pytest.raises(BadRegistryUrl):
        Registry(url)
