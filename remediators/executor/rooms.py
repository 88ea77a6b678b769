"""How many commands of each cluster are carried out at once.

A cluster that does not answer fills its own room. Its other commands wait in front of it, and those
of all other clusters go past. What is urgent goes in before what has waited longer.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from prometheus_client import Gauge

STRANGERS = ""
"""The room of all clusters that we have no address of: their commands are only refused."""

Urgent = Callable[[], bool]
"""Asked when a place is free: what waits may have become urgent meanwhile."""


class Rooms:
    def __init__(
        self, clusters: Iterable[str], commands_max: int, under_way: Callable[[str], Gauge]
    ) -> None:
        names = [*clusters, STRANGERS]
        self._rooms = {name: _Room(commands_max) for name in names}
        self._under_way = {name: under_way(name) for name in names}

    @asynccontextmanager
    async def of(self, cluster: str, urgent: Urgent) -> AsyncIterator[None]:
        """Entered in the order in which it was asked for, the urgent first."""
        name = cluster if cluster in self._rooms else STRANGERS
        room = self._rooms[name]
        await room.enter(urgent)
        try:
            with self._under_way[name].track_inprogress():
                yield
        finally:
            room.leave()


class _Room:
    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: dict[asyncio.Future[None], Urgent] = {}
        """In the order in which they came."""

    async def enter(self, urgent: Urgent) -> None:
        if self._free:
            self._free -= 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[place] = urgent
        try:
            await place
        except asyncio.CancelledError:
            if self._waiting.pop(place, None) is None:
                self.leave()
            raise

    def leave(self) -> None:
        """To whoever is next and still wants it; free only when nobody waits."""
        waiting = [place for place in self._waiting if not place.done()]
        urgent = (place for place in waiting if self._waiting[place]())
        following = next(urgent, None) or next(iter(waiting), None)
        if following is None:
            self._free += 1
            return
        del self._waiting[following]
        following.set_result(None)
