"""Liveness, readiness and startup, in every phase of the service."""

import pytest

from checkout.app import Phase
from tests.checkout.conftest import Start


@pytest.mark.parametrize(
    ("phase", "alive", "ready", "started"),
    [
        (Phase.STARTING, 200, 503, 503),
        (Phase.READY, 200, 200, 200),
        (Phase.DRAINING, 200, 503, 200),
    ],
)
async def test_probes_by_phase(start: Start, phase: Phase, alive: int, ready: int, started: int):
    client = await start()
    client.checkout.phase = phase
    assert (await client.get("/healthz")).status == alive
    assert (await client.get("/startupz")).status == started
    response = await client.get("/readyz")
    assert response.status == ready
    assert await response.json() == {"phase": phase.value}
