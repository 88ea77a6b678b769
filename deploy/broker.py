"""A connection to the broker for orders and questions, with failures in plain words."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from streams.incarnations import IncarnationsUnknown


class BrokerUnreachable(Exception):
    """No broker did in time what was asked of it."""


async def knock(bootstrap: str, timeout_s: float) -> None:
    """Whether one of the addresses says a first word, for which each has so long. The clients that
    read wait 40 s for one that takes the connection and says nothing. Raises BrokerUnreachable."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=int(timeout_s * 1000))
    try:
        await _start(client.bootstrap(), bootstrap)
    finally:
        await client.close()


@asynccontextmanager
async def administer(bootstrap: str, timeout_s: float) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap, request_timeout_ms=int(timeout_s * 1000)
    )
    try:
        async with asyncio.timeout(timeout_s):
            await _start(admin.start(), bootstrap)
            yield admin
    except TimeoutError:
        raise BrokerUnreachable(f"{bootstrap} did not answer in {timeout_s:g} s") from None
    except (KafkaError, IncarnationsUnknown) as fault:
        raise BrokerUnreachable(f"{bootstrap} failed: {fault}") from fault
    finally:
        await admin.close()


async def _start(starting: Awaitable[None], bootstrap: str) -> None:
    try:
        await starting
    except (KafkaError, OSError) as fault:
        raise BrokerUnreachable(f"no Kafka broker answers at {bootstrap}") from fault
    except ValueError as fault:  # the client reads the address only now
        raise BrokerUnreachable(f"{bootstrap!r} is no host:port of a Kafka broker") from fault
