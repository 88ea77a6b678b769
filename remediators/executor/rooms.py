"""How many commands of each cluster are carried out at once.

A cluster that does not answer fills its own room. Its other commands wait in front of it, and those
of all other clusters go past.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from prometheus_client import Gauge

STRANGERS = ""
"""The room of all clusters that we have no address of: their commands are only refused."""


class Rooms:
    def __init__(
        self, clusters: Iterable[str], commands_max: int, under_way: Callable[[str], Gauge]
    ) -> None:
        names = [*clusters, STRANGERS]
        self._rooms = {name: asyncio.Semaphore(commands_max) for name in names}
        self._under_way = {name: under_way(name) for name in names}

    @asynccontextmanager
    async def of(self, cluster: str) -> AsyncIterator[None]:
        """Entered in the order in which it was asked for."""
        name = cluster if cluster in self._rooms else STRANGERS
        async with self._rooms[name]:
            with self._under_way[name].track_inprogress():
                yield
