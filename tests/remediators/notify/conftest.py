"""A partition of the notifier, and one whose channels take two messages a minute."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from tests.remediators.notify.partition import Here


@pytest_asyncio.fixture
async def here() -> AsyncIterator[Here]:
    async with asyncio.TaskGroup() as tasks:
        made = Here(tasks)
        yield made
        made.end()


@pytest_asyncio.fixture
async def tight() -> AsyncIterator[Here]:
    """Two messages a minute and channel."""
    async with asyncio.TaskGroup() as tasks:
        made = Here(tasks, per_minute=2)
        yield made
        made.end()
