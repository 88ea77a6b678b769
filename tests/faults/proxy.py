"""A broker with a second door, and a proxy before that door which cuts connections at bad moments,
or holds back what was sent.

Clients that come in there know no other address. The proxy reads of Kafka's protocol what it needs:
the length of each message, what a request asks for, and which answer belongs to it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from deploy.sandbox import ports
from deploy.sandbox.java import Jvm
from deploy.sandbox.kafka import Kafka

PRODUCE = 0
_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class TwoDoors(Kafka):
    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self.inner_port, self.outer_port = ports.choose(2)

    def prepare(self, jvm: Jvm) -> None:
        super().prepare(jvm)
        settings = {}
        for line in self._settings_file.read_text().splitlines():
            name, _, value = line.partition("=")
            settings[name] = value
        settings["listeners"] += f",PROXIED://{ports.HOST}:{self.inner_port}"
        settings["advertised.listeners"] += f",PROXIED://{ports.HOST}:{self.outer_port}"
        settings["listener.security.protocol.map"] += ",PROXIED:PLAINTEXT"
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        self._settings_file.write_text(text)


class Proxy:
    """`cut` is asked at each request to append: `lost` if the broker is not to see it, `unanswered`
    if the client is not to hear of it, `held` if it is to arrive after `release` whether the client
    lives or not, as out of some buffer on the way; or nothing."""

    def __init__(self, broker: TwoDoors) -> None:
        self.address = f"{ports.HOST}:{broker.outer_port}"
        self.cut: Callable[[bytes], str] = lambda _: ""
        self.cuts: list[str] = []
        self.release = asyncio.Event()
        self._broker = broker

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = reader, writer
        with suppress(OSError):
            server = await asyncio.open_connection(ports.HOST, self._broker.inner_port)
            unanswered: set[bytes] = set()
            ways = (
                asyncio.create_task(self._requests(client, server, unanswered)),
                asyncio.create_task(self._answers(client, server, unanswered)),
            )
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            server[1].transport.abort()
        writer.transport.abort()

    async def _requests(self, client: _Streams, server: _Streams, unanswered: set[bytes]) -> None:
        while True:
            request = await _message(client[0])
            if int.from_bytes(request[4:6], "big") == PRODUCE and (how := self.cut(request)):
                self.cuts.append(how)
                if how == "lost":
                    return
                unanswered.add(request[8:12])
                if how == "held":
                    await self.release.wait()
            server[1].write(request)
            await server[1].drain()
            if unanswered:
                await asyncio.Future()  # the answer ends this connection

    async def _answers(self, client: _Streams, server: _Streams, unanswered: set[bytes]) -> None:
        while True:
            answer = await _message(server[0])
            if answer[4:8] in unanswered:
                return
            client[1].write(answer)
            await client[1].drain()


async def _message(reader: asyncio.StreamReader) -> bytes:
    length = await reader.readexactly(4)
    return length + await reader.readexactly(int.from_bytes(length, "big"))


@asynccontextmanager
async def proxied(folder: Path) -> AsyncIterator[tuple[TwoDoors, Proxy]]:
    """A broker of the test's own, and the proxy before its second door."""
    broker = TwoDoors(folder)
    try:
        await asyncio.to_thread(broker.start)
        async with _proxy(broker) as line:
            yield broker, line
    finally:
        broker.kill()


@asynccontextmanager
async def _proxy(broker: TwoDoors) -> AsyncIterator[Proxy]:
    made = Proxy(broker)
    server = await asyncio.start_server(made.serve, ports.HOST, broker.outer_port)
    try:
        yield made
    finally:
        server.close()
