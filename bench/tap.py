"""A tap on the way to an API server: passes every byte on, and notes when a change goes by."""

import asyncio
import time
from contextlib import suppress
from urllib.parse import urlsplit

CHANGE = b"PATCH /"
REHEARSAL = b"dryRun=All"


class Tap:
    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream)
        self._called: asyncio.Future[float] | None = None
        self._pumps: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> "Tap":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for pump in list(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def forget(self) -> None:
        self._called = asyncio.get_running_loop().create_future()

    async def called(self) -> float:
        """When the first change since `forget` came by."""
        assert self._called is not None
        return await self._called

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(self._upstream.hostname, self._upstream.port)
        for source, sink, seen in ((reader, there[1], True), (there[0], writer, False)):
            pump = asyncio.create_task(self._pump(source, sink, seen))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, seen: bool
    ) -> None:
        with suppress(ConnectionError):
            while data := await source.read(1 << 16):
                if seen:
                    self._note(data)
                sink.write(data)
                await sink.drain()
        sink.close()

    def _note(self, data: bytes) -> None:
        """A request begins with its first byte in a packet of its own: clients wait for answers."""
        first = data.partition(b"\r\n")[0]
        changes = first.startswith(CHANGE) and REHEARSAL not in first
        if changes and self._called is not None and not self._called.done():
            self._called.set_result(time.time())
