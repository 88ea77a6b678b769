"""A connection to the broker for orders and questions, with failures in plain words."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, NodeNotReadyError

from streams.incarnations import IncarnationsUnknown

_AGAIN_S = 0.1


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
    admin = None
    try:
        async with asyncio.timeout(timeout_s):
            while admin is None:
                admin = await _let_in(bootstrap, timeout_s)
            yield admin
    except TimeoutError:
        raise BrokerUnreachable(f"{bootstrap} did not answer in {timeout_s:g} s") from None
    except (KafkaError, IncarnationsUnknown) as fault:
        raise BrokerUnreachable(f"{bootstrap} failed: {fault}") from fault
    finally:
        if admin:
            await admin.close()


async def _let_in(bootstrap: str, timeout_s: float) -> AIOKafkaAdminClient | None:
    """A broker that its controller has taken for dead answers, and knows no broker, not even
    itself; a client that began there has nobody to ask."""
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap, request_timeout_ms=int(timeout_s * 1000)
    )
    try:
        await _start(admin.start(), bootstrap)
        await admin.describe_cluster()
    except NodeNotReadyError:
        await admin.close()
        await asyncio.sleep(_AGAIN_S)
        return None
    except BaseException:
        await admin.close()
        raise
    return admin


async def _start(starting: Awaitable[None], bootstrap: str) -> None:
    try:
        await starting
    except (KafkaError, OSError) as fault:
        raise BrokerUnreachable(f"no Kafka broker answers at {bootstrap}") from fault
    except ValueError as fault:  # the client reads the address only now
        raise BrokerUnreachable(f"{bootstrap!r} is no host:port of a Kafka broker") from fault
