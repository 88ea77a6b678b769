"""Settings that would come to light only later: as another port, or as a loop that spins."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from remediators.settings import ExecutorSettings
from schemas.broker import broker_address
from streams.ingest.kubernetes.delivery import LIFETIME_MS
from streams.settings import (
    REPEAT_MOST_S,
    GatewaySettings,
    KafkaSettings,
    PeopleSettings,
    ProcessorSettings,
    ScraperSettings,
    WatcherSettings,
)

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1:9092",
        "kafka-0.kafka:9092,kafka-1.kafka:9092",
        "a:1, b:65535",
        "[::1]:9092",
        "kafka_of_compose:9092",
        "kafka",
    ],
)
def test_a_broker_address(text: str) -> None:
    assert broker_address(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "foo:bar",
        "foo:",
        ":9092",
        "foo:0",
        "foo:65536",
        "foo:9092,",
        "foo:9092;bar:9092",
        "kafka://foo:9092",
        "user@foo:9092",
        "::1:9092",
        "a b:1",
        "foo:٩",
    ],
)
def test_what_no_client_could_connect_to(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected host:port, or several with commas"):
        broker_address(text)


@pytest.mark.parametrize("of", [KafkaSettings, PeopleSettings, WatcherSettings, ExecutorSettings])
def test_every_process_refuses_such_an_address(of: Any) -> None:
    with pytest.raises(ValidationError):
        of(bootstrap="foo:bar")


@pytest.mark.parametrize(
    ("of", "wrong"),
    [
        (GatewaySettings, {"port": 99_999}),
        (GatewaySettings, {"port": -1}),
        (GatewaySettings, {"produce_timeout_s": 0}),
        (GatewaySettings, {"body_timeout_s": 0}),
        (GatewaySettings, {"in_flight_bytes_max": 0}),
        (ScraperSettings, {"web_port": 65_536}),
        (ScraperSettings, {"interval_s": 0}),
        (ScraperSettings, {"interval_s": float("nan")}),
        (ScraperSettings, {"timeout_s": -1}),
        (WatcherSettings, {"web_port": 65_536}),
        (WatcherSettings, {"request_timeout_s": 0}),
        (WatcherSettings, {"silent_s": float("inf")}),
        (WatcherSettings, {"repeat_s": 0}),
        (WatcherSettings, {"repeat_s": REPEAT_MOST_S + 1}),
        (ProcessorSettings, {"web_port": 65_536}),
        (ProcessorSettings, {"session_timeout_s": 0}),
        (ProcessorSettings, {"tick_idle_s": 0}),
        (ProcessorSettings, {"tape_partitions": 0}),
    ],
)
def test_what_is_no_port_and_no_time(of: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        of(**wrong)


def test_one_repeat_may_be_lost() -> None:
    assert 2 * REPEAT_MOST_S * 1000 <= LIFETIME_MS


@pytest.mark.parametrize("of", [GatewaySettings, ScraperSettings, WatcherSettings])
def test_every_setting_is_on_the_page_for_its_process(of: type[BaseSettings]) -> None:
    process = of.__name__.removesuffix("Settings").lower()
    named: set[str] = set()
    for row in re.findall(r"^\| (`.*)$", PAGE, re.MULTILINE):
        names, used_by, *_ = row.split(" | ")
        if process in used_by or used_by == "all":
            named |= {name.lower() for name in re.findall(r"`(\w+)`", names)}
    assert set(of.model_fields) <= named
