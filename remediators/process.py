"""What every process here does around its work: a small server, signals, and how it ends."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Protocol

import structlog
from prometheus_client import CollectorRegistry

from remediators.ports import BrokerLost
from remediators.settings import ProcessSettings
from remediators.web import Web

EXIT_FAULT = os.EX_SOFTWARE
"""Starting again may help."""
EXIT_CONFIG = os.EX_CONFIG
"""Starting again will not help, somebody has to act first."""

log = structlog.get_logger()


class Work(Protocol):
    async def run(self) -> None:
        """Until `stop`, or a fault."""
        ...

    def stop(self) -> None: ...

    def not_ready(self) -> str:
        """Why not; empty when it is."""
        ...


async def serve(settings: ProcessSettings, registry: CollectorRegistry, work: Work) -> None:
    """Run it, and tell of it, until SIGTERM or SIGINT."""
    web = Web(settings.web_host, settings.web_port, registry, work.not_ready)
    try:
        await web.start()
        await asyncio.to_thread(_write_port, settings.port_file, web.port)
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, work.stop)
        log.info("started", name=settings.name, port=web.port)
        await work.run()
    finally:
        await web.stop()


def exit_code_of(serving: Coroutine[Any, Any, None]) -> int:
    try:
        asyncio.run(serving)
    except Exception as fault:
        _report(fault)
        return EXIT_FAULT
    return os.EX_OK


def _write_port(path: Path | None, port: int) -> None:
    """Whole or not at all: somebody may be waiting to read it."""
    if path is not None:
        partial = path.with_name(f"{path.name}.partial")
        partial.write_text(f"{port}\n")
        partial.replace(path)


def _report(fault: BaseException) -> None:
    """Of what several tasks raised together, the first is the cause."""
    while isinstance(fault, BaseExceptionGroup):
        fault = fault.exceptions[0]
    if isinstance(fault, BrokerLost):
        log.error("broker_lost", fault=str(fault))
    else:
        log.error("failed", fault=repr(fault), exc_info=fault)
