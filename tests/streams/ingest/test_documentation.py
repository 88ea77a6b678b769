"""What docs/sources.md shows is run as it stands there."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest
import yaml

from deploy.sandbox.kafka import Kafka
from schemas.alerts import AlertStatus
from schemas.topics import ALERTS
from streams.ingest import limits
from streams.ingest.source_file import compile_sources
from streams.ingest.sources import FORMATS, read
from streams.ingest.targets import read_targets
from tests.streams.ingest.topics import header, records_of

TEXT = (Path(__file__).parents[3] / "docs" / "sources.md").read_text()


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_file_of_sources_compiles() -> None:
    (text,) = [text for text in examples("yaml") if "sources:" in text]
    eu, alertmanager = compile_sources(text)
    assert (eu.cluster, len(eu.token_envs)) == ("prod-eu", 2)
    assert alertmanager.format in FORMATS


def test_every_other_example_is_yaml_or_targets() -> None:
    assert all(yaml.safe_load(text) for text in examples("yaml"))
    (targets,) = examples("json")
    assert read_targets(targets.encode())[0].series == "checkout|checkout-1"


def test_every_format_and_limit_is_told() -> None:
    assert all(f"`{name}`" in TEXT for name in FORMATS)
    assert f"{limits.ALERTS_MAX:,} alerts" in TEXT
    assert f"{limits.LABELS_MAX} labels" in TEXT
    assert f"{limits.VALUE_BYTES_MAX // 1024} KiB a value" in TEXT
    assert f"{limits.ALERT_BYTES_MAX // 1024} KiB of text" in TEXT
    assert f"{limits.DEPTH_MAX} levels" in TEXT


@pytest.mark.broker
async def test_the_program_that_writes_straight_into_kafka(kafka: Kafka, prefix: str) -> None:
    (program,) = examples("python")
    env = {"MENDLOG_BOOTSTRAP": kafka.bootstrap, "MENDLOG_TOPIC_PREFIX": prefix}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, env={**os.environ, **env}
    )
    assert await process.wait() == 0
    (record,) = await records_of(kafka.bootstrap, prefix, ALERTS)
    parsed = read(record.value, "s", header(record, "format"), record.timestamp)
    assert not parsed.faults
    assert parsed.sightings[0].status is AlertStatus.FIRING
    assert parsed == read(record.value, "s", None, record.timestamp)
