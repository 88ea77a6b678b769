"""A gateway that is away for half a minute, and real senders that go on meanwhile."""

from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from tests.e2e.platform import platform_on
from tests.e2e.test_real_prometheus import killed_for

pytestmark = [
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.soak,
    pytest.mark.needs("prometheus"),
    pytest.mark.needs("prometheus-alertmanager"),
]


@pytest.mark.timeout(300)
async def test_half_a_minute_without_the_gateway_loses_nothing(kafka: Kafka, tmp_path: Path):
    with platform_on(kafka, tmp_path) as platform:
        await killed_for(platform, tmp_path, down_s=30)
