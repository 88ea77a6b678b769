"""Real Prometheus, twice, and a real Alertmanager: one incident, whatever way its alerts come."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from schemas.incidents import Incident
from schemas.topics import ALERTS
from streams.ingest.formats.catalog import read
from tests.audited import audited
from tests.e2e.platform import Platform
from tests.e2e.prometheus import Watched, watched

pytestmark = [
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.needs("prometheus"),
    pytest.mark.needs("prometheus-alertmanager"),
]
BROKEN = "CheckoutErrorRatioHigh"
WAIT_S = 90.0


async def until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not await holds():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.2)


def of_errors(incidents: list[Incident]) -> list[Incident]:
    return [one for one in incidents if one.group["alertname"] == BROKEN]


async def heard(running: Watched) -> dict[str, set[str]]:
    """By source, the fingerprints of what it has said of the errors."""
    found: dict[str, set[str]] = {}
    for record in await running.platform.read(ALERTS):
        headers = {name: text.decode() for name, text in record.headers}
        parsed = read(record.value, headers["source"], headers["format"], record.timestamp)
        assert not parsed.faults
        for seen in parsed.sightings:
            if seen.labels["alertname"] == BROKEN:
                found.setdefault(headers["source"], set()).add(seen.fingerprint)
    return found


async def opened(running: Watched) -> bool:
    return bool(of_errors(await running.incidents()))


async def resolved(running: Watched) -> bool:
    found = of_errors(await running.incidents())
    return bool(found) and found[-1].state == "resolved"


@pytest.mark.timeout(300)
async def test_two_prometheus_and_an_alertmanager_make_one_incident(
    platform: Platform, tmp_path: Path
) -> None:
    async with watched(platform, tmp_path) as running:
        await running.faulty(1.0)

        async def told_both_ways() -> bool:
            return (await heard(running)).keys() == {"prometheus", "alertmanager"}

        await until(told_both_ways, "both ways")
        await until(lambda: opened(running), "an incident")
        assert {len(each) for each in (await heard(running)).values()} == {1}
        await running.faulty(0.0)
        await until(lambda: resolved(running), "its end")
        found = of_errors(await running.incidents())
        assert len({one.incident_id for one in found}) == 1
        assert [one.state for one in found].count("resolved") == 1
        assert found[-1].members == 2, "one alert by each way, whichever replica tells of it"
    await audited(platform.bootstrap, platform.prefix)


@pytest.mark.timeout(300)
async def test_what_came_while_the_gateway_was_killed_comes_again(
    platform: Platform, tmp_path: Path
) -> None:
    await killed_for(platform, tmp_path, down_s=5)


async def killed_for(platform: Platform, folder: Path, down_s: int) -> None:
    """Alertmanager sends it again until it is taken; Prometheus with its next resend."""
    async with watched(platform, folder) as running:
        await asyncio.to_thread(running.stop_gateway)
        await running.faulty(1.0)
        await asyncio.sleep(down_s)  # As long as it is away, and no sooner.
        assert not await opened(running)
        await asyncio.to_thread(running.start_gateway)

        async def told_both_ways() -> bool:
            return (await heard(running)).keys() == {"prometheus", "alertmanager"}

        await until(told_both_ways, "both ways")
        await running.faulty(0.0)
        await until(lambda: resolved(running), "its end")
        assert len({one.incident_id for one in of_errors(await running.incidents())}) == 1
    await audited(platform.bootstrap, platform.prefix)
