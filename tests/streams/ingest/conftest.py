"""Gateways, and topics of a test's own on the real broker."""

import uuid
from collections.abc import AsyncIterator

import pytest

from deploy.sandbox.kafka import Kafka
from schemas.topics import ALERTS, METRICS, REJECTS
from tests.streams.ingest.running import Running, Start, gateways
from tests.streams.ingest.topics import create_topics


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    async with gateways() as start:
        yield start


@pytest.fixture
async def prefix(kafka: Kafka) -> str:
    """Of topics that no other test writes to."""
    name = f"t{uuid.uuid4().hex[:8]}"
    await create_topics(kafka.bootstrap, name, ALERTS, REJECTS, METRICS)
    return name


@pytest.fixture
async def gateway(kafka: Kafka, prefix: str, start: Start) -> Running:
    return await start(kafka.bootstrap, topic_prefix=prefix)
