"""The life of the process: listen, warm up, serve, drain, end."""

import asyncio
import os
import signal
from pathlib import Path

from aiohttp import web

from checkout.app import Checkout, Phase
from checkout.logs import log
from checkout.settings import Settings


async def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT; requests in flight are still answered."""
    ended = _end_signal()
    checkout = Checkout(settings)
    runner = web.AppRunner(
        checkout.app(), access_log=None, shutdown_timeout=settings.drain_ms / 1000
    )
    await runner.setup()
    try:
        await _listen(runner, settings)
        if not await _within(ended, settings.warmup_ms):
            checkout.phase = Phase.READY
            log.info("ready")
        await ended.wait()
        await _drain(checkout, settings)
    finally:
        # Closes the listening socket first, then waits for the requests in flight.
        await runner.cleanup()
    log.info("ended")


async def _listen(runner: web.AppRunner, settings: Settings) -> None:
    await web.TCPSite(runner, settings.host, settings.port).start()
    port = runner.addresses[0][1]
    if settings.port_file is not None:
        _write_port(settings.port_file, port)
    log.info("listening", port=port)


async def _within(event: asyncio.Event, patience_ms: int) -> bool:
    """Whether it happened in that time."""
    try:
        async with asyncio.timeout(patience_ms / 1000):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def _drain(checkout: Checkout, settings: Settings) -> None:
    log.info("draining")
    checkout.phase = Phase.DRAINING
    await asyncio.sleep(settings.drain_delay_ms / 1000)


def _end_signal() -> asyncio.Event:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    return ended


def _write_port(port_file: Path, port: int) -> None:
    """In one step, so that nobody reads half of it."""
    unfinished = port_file.with_name(port_file.name + ".unfinished")
    unfinished.write_text(f"{port}\n")
    os.replace(unfinished, port_file)
