"""What all readers and writers here must agree on."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from aiokafka.errors import KafkaError

from remediators.ports import BrokerLost
from remediators.settings import ProcessSettings
from schemas.topics import COMMANDS, OUTCOMES, REJECTS, SWITCHES, Topic

T = TypeVar("T")
FETCH_WAIT_MS = 10
"""A partition whose records were just taken waits for the fetch under way to return: this long."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the topics are, and how long we let the broker take."""

    bootstrap: str
    prefix: str
    partitions: int
    timeout_s: float
    session_timeout_s: float
    group_id: str

    def name(self, topic: Topic) -> str:
        return topic.name(self.prefix)

    @property
    def commands(self) -> str:
        return self.name(COMMANDS)

    @property
    def outcomes(self) -> str:
        return self.name(OUTCOMES)

    @property
    def switches(self) -> str:
        return self.name(SWITCHES)

    @property
    def rejects(self) -> str:
        return self.name(REJECTS)


def broker_of(settings: ProcessSettings, group_id: str) -> Broker:
    return Broker(
        bootstrap=settings.bootstrap,
        prefix=settings.topic_prefix,
        partitions=settings.tape_partitions,
        timeout_s=settings.produce_timeout_s,
        session_timeout_s=settings.session_timeout_s,
        group_id=group_id,
    )


@contextmanager
def broker_errors(what: str) -> Iterator[None]:
    try:
        yield
    except (KafkaError, TimeoutError, OSError) as fault:
        raise BrokerLost(f"{what}: {type(fault).__name__} {fault}".strip()) from fault


async def in_time(what: str, work: Awaitable[T], timeout_s: float) -> T:
    with broker_errors(what):
        return await asyncio.wait_for(work, timeout_s)
