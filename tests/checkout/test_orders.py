"""Orders, their metrics and their correlation ids."""

import asyncio

import pytest
import structlog

from checkout.orders import OrderDesk
from tests.checkout.conftest import Start, metric


async def test_a_get_orders_the_example_basket(start: Start):
    client = await start()
    response = await client.get("/checkout")
    order = await response.json()
    assert response.status == 200
    assert order["total_cents"] == (3_490 + 4 * 690) * 120 // 100
    assert order["receipt"]
    assert not order["degraded"]


async def test_a_post_orders_its_own_basket(start: Start):
    client = await start()
    basket = {"items": [{"sku": "tea", "quantity": 2, "unit_price_cents": 500}]}
    response = await client.post("/checkout", json=basket)
    assert (await response.json())["total_cents"] == 1_200


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        pytest.param('{"items": []}', 422, "items", id="empty basket"),
        pytest.param(
            '{"items": [{"sku": "", "unit_price_cents": 1}]}', 422, "items.0.sku", id="no sku"
        ),
        pytest.param(
            '{"items": [{"sku": "a", "unit_price_cents": -1}]}',
            422,
            "items.0.unit_price_cents",
            id="negative price",
        ),
        pytest.param('{"voucher": "FREE"}', 422, "voucher", id="unknown field"),
        pytest.param("{", 400, "", id="not JSON"),
    ],
)
async def test_a_bad_basket_is_refused_by_field(start: Start, body: str, status: int, field: str):
    client = await start()
    response = await client.post("/checkout", data=body)
    assert response.status == status
    assert field in [error["field"] for error in (await response.json())["errors"]]
    assert await metric(client, "checkout_errors_total") == 0


async def test_requests_are_counted_by_code_and_timed(start: Start):
    client = await start(error_rate=0.5)
    for _ in range(4):
        await client.get("/checkout")
    assert await metric(client, 'checkout_requests_total{code="200"}') == 2
    assert await metric(client, 'checkout_requests_total{code="500"}') == 2
    assert await metric(client, "checkout_errors_total") == 2
    assert await metric(client, "checkout_request_seconds_count") == 4


async def test_counters_exist_before_the_first_request(start: Start):
    client = await start()
    assert await metric(client, 'checkout_requests_total{code="500"}') == 0
    assert await metric(client, "checkout_errors_total") == 0
    assert await metric(client, "checkout_heap_budget_bytes") == 64 * 1024 * 1024


async def test_openmetrics_is_spoken_to_who_asks(start: Start):
    client = await start()
    response = await client.get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert response.headers["Content-Type"].startswith("application/openmetrics-text")
    assert (await response.text()).endswith("# EOF\n")


async def test_many_orders_at_once_are_all_answered_and_then_none_is_in_flight(
    start: Start, monkeypatch: pytest.MonkeyPatch
):
    paid = asyncio.Event()
    monkeypatch.setattr(OrderDesk, "_pay", lambda _: paid.wait())
    client = await start()
    orders = [asyncio.create_task(client.get("/checkout")) for _ in range(50)]
    while await metric(client, "checkout_in_flight") < 50:
        assert not orders[0].done(), "answered before it was paid"
    paid.set()
    answers = await asyncio.gather(*orders)
    assert [answer.status for answer in answers] == [200] * 50
    assert len({(await answer.json())["order_id"] for answer in answers}) == 50
    assert await metric(client, "checkout_in_flight") == 0


async def test_the_callers_correlation_id_is_echoed_and_logged(start: Start):
    client = await start()
    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as logs:
        response = await client.get("/checkout", headers={"X-Correlation-Id": "night-1"})
    assert response.headers["X-Correlation-Id"] == "night-1"
    assert [line["correlation_id"] for line in logs] == ["night-1"]


@pytest.mark.parametrize("offered", [None, "", "two words", "x" * 129, '{"level":"info"}'])
async def test_a_missing_or_suspicious_correlation_id_is_replaced(start: Start, offered):
    client = await start()
    headers = {} if offered is None else {"X-Correlation-Id": offered}
    made = (await client.get("/checkout", headers=headers)).headers["X-Correlation-Id"]
    assert made != offered
    assert len(made) == 32


async def test_refusals_of_the_framework_carry_the_correlation_id(start: Start):
    client = await start()
    response = await client.get("/nowhere", headers={"X-Correlation-Id": "lost"})
    assert response.status == 404
    assert response.headers["X-Correlation-Id"] == "lost"


async def test_a_bug_is_answered_logged_and_counted(start: Start, monkeypatch):
    client = await start()

    async def broken(_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(client.checkout, "_answer", broken)
    with structlog.testing.capture_logs() as logs:
        response = await client.get("/checkout")
    assert response.status == 500
    assert [line["event"] for line in logs] == ["unhandled"]
    assert await metric(client, "checkout_errors_total") == 1
