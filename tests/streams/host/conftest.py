"""A journal's place, for the tests that open it as often as they like."""

from collections.abc import AsyncIterator

import pytest

from deploy.sandbox.kafka import Kafka
from streams.host.inputs import DECIDE
from streams.host.writer import Writer
from tests.streams.host.broker import Place, make_topics, new_prefix, started


@pytest.fixture
async def place(kafka: Kafka) -> AsyncIterator[Place]:
    prefix = new_prefix()
    await make_topics(kafka.bootstrap, prefix, [DECIDE.journal])
    async with started(Writer(kafka.bootstrap)) as writer:
        yield Place(kafka.bootstrap, DECIDE.journal.name(prefix), writer)
