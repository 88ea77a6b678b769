"""The broker's time, as a host whose clock is wrong learns it from acknowledgements."""

import pytest

from deploy.sandbox.kafka import Kafka
from schemas.topics import METRICS, MIB
from streams.ingest.broker_clock import TOLERATED_MS, BrokerClock, host_ms
from streams.ingest.flight import Flight
from streams.ingest.produce import Record, Writer

HOUR_MS = 3_600_000
WAY_MS = 20


class Host:
    """Its clock, and a broker's that is right."""

    def __init__(self) -> None:
        self.true_ms, self.wrong_ms = 1_800_000_000_000, 0
        self.clock = BrokerClock(lambda: self.true_ms + self.wrong_ms)

    def sends(self, way_ms: int = WAY_MS) -> None:
        sent_ms = self.clock.own_ms()
        self.true_ms += way_ms // 2
        appended_ms = self.true_ms
        self.true_ms += way_ms // 2
        self.clock.heard(sent_ms, appended_ms)

    @property
    def error_ms(self) -> int:
        return self.clock.now_ms() - self.true_ms


@pytest.mark.parametrize("wrong_ms", [HOUR_MS, -HOUR_MS, 2 * TOLERATED_MS])
def test_a_wrong_clock_is_put_right_by_the_first_acknowledgement(wrong_ms: int) -> None:
    host = Host()
    host.wrong_ms = wrong_ms
    assert host.error_ms == wrong_ms
    host.sends()
    assert abs(host.error_ms) <= WAY_MS


def test_a_clock_that_steps_is_put_right_again() -> None:
    host = Host()
    host.wrong_ms = HOUR_MS
    host.sends()
    host.wrong_ms = -HOUR_MS
    host.sends()
    assert abs(host.error_ms) <= WAY_MS
    host.wrong_ms = 0
    host.sends()
    assert abs(host.error_ms) <= WAY_MS


def test_a_clock_that_is_right_is_left_alone_however_long_an_acknowledgement_takes() -> None:
    host = Host()
    for way_ms in (20, 5_000, 40, 30_000):
        host.sends(way_ms)
        assert host.error_ms == 0


@pytest.mark.broker
async def test_the_brokers_acknowledgement_tells_its_time(kafka: Kafka, prefix: str) -> None:
    writer = Writer(kafka.bootstrap, "test", Flight(64 * MIB), 30.0)
    writer.clock = BrokerClock(lambda: host_ms() + HOUR_MS)
    try:
        await writer.write([Record(METRICS.name(prefix), b"x")])
        assert abs(writer.clock.now_ms() - host_ms()) < 60_000
    finally:
        await writer.close()
