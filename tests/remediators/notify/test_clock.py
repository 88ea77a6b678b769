"""The broker's time, whatever the host's clock says."""

from remediators.notify.clock import BrokerClock, elapsed_ms
from tests.remediators.notify.builders import NOW_MS


def test_until_the_broker_has_told_its_time_it_is_that_of_the_newest_record() -> None:
    clock = BrokerClock()
    assert clock.now_ms() < NOW_MS
    clock.seen(NOW_MS)
    clock.seen(NOW_MS - 1)
    assert NOW_MS <= clock.now_ms() < NOW_MS + 10_000


def test_what_the_broker_has_told_counts_and_is_never_behind() -> None:
    clock = BrokerClock()
    asked_at_ms = elapsed_ms() - 30
    clock.heard(NOW_MS, asked_at_ms)
    clock.seen(NOW_MS + 10**9)
    assert NOW_MS + 30 <= clock.now_ms() < NOW_MS + 10_000


async def test_a_time_that_is_past_is_not_waited_for() -> None:
    clock = BrokerClock()
    clock.seen(NOW_MS)
    await clock.wait_until(NOW_MS)
    await clock.wait_until(clock.now_ms() + 5)
    assert clock.now_ms() >= NOW_MS + 5
