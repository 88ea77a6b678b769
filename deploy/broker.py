"""A connection to the broker for orders and questions, with failures in plain words."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.incarnations import IncarnationsUnknown


class BrokerUnreachable(Exception):
    """No broker did in time what was asked of it."""


@asynccontextmanager
async def administer(bootstrap: str, timeout_s: float) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap, request_timeout_ms=int(timeout_s * 1000)
    )
    try:
        async with asyncio.timeout(timeout_s):
            await _start(admin, bootstrap)
            yield admin
    except TimeoutError:
        raise BrokerUnreachable(f"{bootstrap} did not answer in {timeout_s:g} s") from None
    except (KafkaError, IncarnationsUnknown) as fault:
        raise BrokerUnreachable(f"{bootstrap} failed: {fault}") from fault
    finally:
        await admin.close()


async def _start(admin: AIOKafkaAdminClient, bootstrap: str) -> None:
    try:
        await admin.start()
    except (KafkaError, OSError) as fault:
        raise BrokerUnreachable(f"no Kafka broker answers at {bootstrap}") from fault
    except ValueError as fault:  # the client reads the address only now
        raise BrokerUnreachable(f"{bootstrap!r} is no host:port of a Kafka broker") from fault
