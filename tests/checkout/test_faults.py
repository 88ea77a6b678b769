"""Breaking it on purpose: injected and configured faults, alone and together."""

import time

import pytest

from tests.checkout.conftest import Start, metric

KB = 1024


async def codes(client, count: int) -> list[int]:
    return [(await client.get("/checkout")).status for _ in range(count)]


async def test_without_chaos_there_are_no_faults_to_inject(start: Start):
    client = await start()
    for method in (client.get, client.post, client.delete):
        assert (await method("/faults")).status == 404


async def test_errors_come_at_exactly_the_configured_rate(start: Start):
    client = await start(error_rate=0.25)
    assert await codes(client, 8) == [200, 200, 200, 500] * 2


@pytest.mark.parametrize(("rate", "failed"), [(0.0, 0), (0.1, 10), (0.3, 30), (1.0, 100)])
async def test_no_rate_drifts(start: Start, rate: float, failed: int):
    client = await start(error_rate=rate)
    assert (await codes(client, 100)).count(500) == failed


async def test_an_injected_error_rate_lasts_until_cleared(start: Start):
    client = await start(chaos_enabled=True)
    response = await client.post("/faults", json={"error_rate": 1})
    assert (await response.json())["error_rate"] == 1
    assert await codes(client, 2) == [500, 500]
    assert (await client.delete("/faults")).status == 200
    assert await codes(client, 2) == [200, 200]


async def test_a_failed_payment_says_so(start: Start):
    client = await start(error_rate=1)
    assert await (await client.get("/checkout")).json() == {"error": "payment_failed"}


async def test_clearing_leaves_what_the_environment_configured(start: Start):
    client = await start(chaos_enabled=True, error_rate=1)
    await client.delete("/faults")
    assert await codes(client, 1) == [500]


async def test_faults_are_added_one_by_one(start: Start):
    client = await start(chaos_enabled=True)
    await client.post("/faults", json={"error_rate": 0.5})
    await client.post("/faults", json={"latency_ms": 7})
    shown = await (await client.get("/faults")).json()
    assert (shown["error_rate"], shown["latency_ms"]) == (0.5, 7)


@pytest.mark.parametrize("how", ["configured", "injected"])
async def test_latency_is_added_to_every_order(start: Start, how: str):
    client = await start(chaos_enabled=True, latency_ms=80 if how == "configured" else 0)
    if how == "injected":
        await client.post("/faults", json={"latency_ms": 80})
    started_s = time.perf_counter()
    assert await codes(client, 1) == [200]
    assert time.perf_counter() - started_s >= 0.08


async def test_degraded_mode_needs_no_payment(start: Start):
    client = await start(degraded_mode=True, error_rate=1, latency_ms=60_000)
    response = await client.get("/checkout")
    order = await response.json()
    assert response.status == 200
    assert order["degraded"]
    assert order["receipt"] is None


async def test_errors_and_latency_together(start: Start):
    client = await start(chaos_enabled=True, latency_ms=40)
    await client.post("/faults", json={"error_rate": 0.5})
    started_s = time.perf_counter()
    assert await codes(client, 4) == [200, 500, 200, 500]
    assert time.perf_counter() - started_s >= 4 * 0.04


async def test_a_leak_fills_the_heap_and_then_every_order_fails(start: Start):
    client = await start(chaos_enabled=True, heap_mb=2)
    await client.post("/faults", json={"leak_kb_per_request": 512})
    assert await codes(client, 6) == [200, 200, 200, 200, 500, 500]
    assert await metric(client, "checkout_heap_used_bytes") == 2048 * KB
    assert (await client.get("/healthz")).status == 200, "the process is alive, only useless"


async def test_a_full_heap_names_itself(start: Start):
    client = await start(chaos_enabled=True, heap_mb=1)
    await client.post("/faults", json={"leak_kb_per_request": 1024})
    await codes(client, 1)
    assert await (await client.get("/checkout")).json() == {"error": "out_of_memory"}


async def test_clearing_faults_does_not_give_leaked_memory_back(start: Start):
    client = await start(chaos_enabled=True, heap_mb=1)
    await client.post("/faults", json={"leak_kb_per_request": 600})
    await codes(client, 2)
    shown = await (await client.delete("/faults")).json()
    assert shown["leak_kb_per_request"] == 0
    assert shown["heap"] == {"leaked_bytes": 1024 * KB, "budget_bytes": 1024 * KB}
    assert await codes(client, 3) == [500] * 3


async def test_degraded_mode_does_not_cure_a_leak(start: Start):
    client = await start(chaos_enabled=True, heap_mb=1, degraded_mode=True)
    await client.post("/faults", json={"leak_kb_per_request": 1024})
    assert await codes(client, 2) == [200, 500]


async def test_leak_and_errors_together(start: Start):
    client = await start(chaos_enabled=True, heap_mb=1, error_rate=0.5)
    await client.post("/faults", json={"leak_kb_per_request": 256})
    assert await codes(client, 6) == [200, 500, 200, 500, 500, 500]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        pytest.param('{"error_rate": 1.5}', 422, "error_rate", id="more than always"),
        pytest.param('{"error_rate": -0.1}', 422, "error_rate", id="less than never"),
        pytest.param('{"error_rate": NaN}', 422, "error_rate", id="not a number"),
        pytest.param('{"error_rate": "0.5"}', 422, "error_rate", id="text"),
        pytest.param('{"latency_ms": 0.5}', 422, "latency_ms", id="half a millisecond"),
        pytest.param('{"latency_ms": 60001}', 422, "latency_ms", id="over a minute"),
        pytest.param('{"leak_kb_per_request": -1}', 422, "leak_kb_per_request", id="giving back"),
        pytest.param('{"leak_kb_per_request": null}', 422, "leak_kb_per_request", id="null"),
        pytest.param('{"disk_full": true}', 422, "disk_full", id="unknown fault"),
        pytest.param("[]", 422, "", id="not an object"),
        pytest.param("", 400, "", id="empty"),
        pytest.param("{oops", 400, "", id="not JSON"),
        pytest.param("\xff", 400, "", id="not UTF-8"),
    ],
)
async def test_a_bad_fault_is_refused_by_field_and_changes_nothing(
    start: Start, body: str, status: int, field: str
):
    client = await start(chaos_enabled=True)
    response = await client.post("/faults", data=body.encode("latin-1"))
    assert response.status == status
    assert [error["field"] for error in (await response.json())["errors"]] == [field]
    assert await codes(client, 1) == [200]
