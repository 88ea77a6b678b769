"""Somebody who gives a playbook its autonomy back, again and again: where parts are away for long,
an alert is back before its incident is closed, and what has acted loses its autonomy for that."""

import asyncio

from aiokafka.errors import KafkaError

from schemas.controls import ControlKind
from streams.controls import new_control, publish
from tests.soak.load import CLUSTERS
from tests.soak.parts import Parts

EVERY_S = 20.0
PLAYBOOK = {"playbook": "slow"}


async def trusts(parts: Parts) -> None:
    """For ever. What the broker does not take is said again the next time."""
    while True:
        order = new_control(ControlKind.TRUST, CLUSTERS[0], "a soak", PLAYBOOK, "soak")
        try:
            await publish(parts.stack.kafka.bootstrap, parts.stack.options.prefix, order)
        except (KafkaError, OSError):
            pass
        await asyncio.sleep(EVERY_S)
