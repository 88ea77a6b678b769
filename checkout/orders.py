"""Placing an order: a basket, its price, a payment."""

import asyncio
import hashlib
import uuid

from pydantic import BaseModel, ConfigDict, Field

from checkout.faults import FaultBox
from checkout.heap import Heap

REQUEST_BYTES = 64 * 1024
"""What one order occupies of the heap while it is served."""

SIGNING_ROUNDS = 500
"""Work worth about half a millisecond of CPU."""

VAT_PERCENT = 20


class PaymentFailed(Exception):
    """The payment provider, on which checkout depends, did not answer well."""


class Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    sku: str = Field(min_length=1, max_length=64)
    quantity: int = Field(default=1, ge=1, le=1000)
    unit_price_cents: int = Field(ge=0, le=100_000_000)


class Basket(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    items: tuple[Item, ...] = Field(min_length=1, max_length=100)


EXAMPLE_BASKET = Basket(
    items=(
        Item(sku="kettle", unit_price_cents=3_490),
        Item(sku="cup", quantity=4, unit_price_cents=690),
    )
)


class Order(BaseModel):
    model_config = ConfigDict(frozen=True)

    order_id: str
    total_cents: int
    receipt: str | None
    degraded: bool


class OrderDesk:
    """Where orders are placed, with everything that can go wrong."""

    def __init__(self, faults: FaultBox, heap: Heap, *, degraded: bool) -> None:
        self._faults = faults
        self._heap = heap
        self._degraded = degraded

    async def place(self, basket: Basket) -> Order:
        """Raises PaymentFailed, or MemoryError when the heap is full."""
        with self._heap.borrow(REQUEST_BYTES):
            self._heap.leak(self._faults.in_force.leak_kb_per_request * 1024)
            order_id = uuid.uuid4().hex
            if not self._degraded:
                await self._pay()
            return Order(
                order_id=order_id,
                total_cents=total_cents(basket),
                receipt=None if self._degraded else sign(order_id, basket),
                degraded=self._degraded,
            )

    async def _pay(self) -> None:
        await asyncio.sleep(self._faults.in_force.latency_ms / 1000)
        if self._faults.next_fails():
            raise PaymentFailed("the payment provider answered 500")


def total_cents(basket: Basket) -> int:
    net_cents = sum(item.quantity * item.unit_price_cents for item in basket.items)
    return net_cents * (100 + VAT_PERCENT) // 100


def sign(order_id: str, basket: Basket) -> str:
    salt = order_id.encode()
    return hashlib.pbkdf2_hmac(
        "sha256", basket.model_dump_json().encode(), salt, SIGNING_ROUNDS
    ).hex()
