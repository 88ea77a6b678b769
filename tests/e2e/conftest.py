"""Processes as a user starts them: some on the tests' broker, and a stack of everything."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from deploy.sandbox.stack import Stack
from tests.e2e.incidents import quick_stack
from tests.e2e.platform import Platform, platform_on


@pytest.fixture
def platform(kafka: Kafka, tmp_path: Path) -> Iterator[Platform]:
    with platform_on(kafka, tmp_path) as made:
        yield made


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with quick_stack(tmp_path_factory.mktemp("stack")) as made:
        yield made
