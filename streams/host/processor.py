"""One worker process: its agents and what stands beside them, from start to exit code."""

import asyncio
import gc
import signal
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any

import structlog
import uvloop
from prometheus_client import CollectorRegistry

from schemas.signing import SigningKey
from streams.host.app import App, Windowed, build_app
from streams.host.backlog import Backlog
from streams.host.budgets import BudgetCollector
from streams.host.cursors import Board, Publisher
from streams.host.exits import FaustCrashed, Hooks
from streams.host.inputs import DECIDE, DETECT, OBSERVE, AgentInput, inputs_of
from streams.host.last_exit import LastExit
from streams.host.loop import Limits
from streams.host.metrics import WorkerCollector
from streams.host.offsets import GroupOffsets
from streams.host.partitions import Means, Partitions
from streams.host.reading import LogReader
from streams.host.seats import Seats
from streams.host.ticker import Ticker
from streams.host.topic_check import check_topics
from streams.host.watch import Watch
from streams.host.web import Web
from streams.host.writer import Writer
from streams.settings import ProcessorSettings
from streams.steps.effects import OpenStep

STOP_WITHIN_S = 15.0

Steps = Mapping[str, OpenStep]
"""The logic of each input, by its name: `observe.alerts`, `relay.controls` and so on."""

log = structlog.get_logger()

GARBAGE = (50_000, 20, 20)
"""When Python looks for cycles. A worker holds many entries, which are in none, and makes thousands
a second: it would look through the young ones 70 times as often, a tenth of its time."""


def run_processor(
    settings: ProcessorSettings,
    steps: Steps,
    windowed: Windowed | None = None,
    hooks: Hooks | None = None,
    command_key: SigningKey | None = None,
) -> int:
    """Runs the agents until SIGTERM or SIGINT; returns the process's exit code."""
    gc.set_threshold(*GARBAGE)
    made = Processor(settings, steps, windowed, hooks or Hooks(), command_key)
    return uvloop.run(made.run())


class Processor:
    """The parts of a worker. Making one touches nothing; `run` does."""

    def __init__(
        self,
        settings: ProcessorSettings,
        steps: Steps,
        windowed: Windowed | None,
        hooks: Hooks,
        command_key: SigningKey | None = None,
    ) -> None:
        self.settings = settings
        self.last_exit = LastExit(settings.data_dir)
        self.seats = Seats(settings.data_dir)
        self.hooks = replace(hooks, ended=self.last_exit.write)
        self.writer = Writer(settings.bootstrap)
        self.offsets = GroupOffsets(settings.bootstrap)
        self.means = _means(settings, self.writer, self.hooks, command_key)
        self._stop = asyncio.Event()

        board = Board(self.offsets, settings.topic_prefix)
        sources = inputs_of(settings.agents)
        made = {s: Partitions(s, steps[s.name], self.means) for s in sources}
        self.inputs = list(made.values())
        self.backlog = Backlog(board, made.get(DECIDE))
        self.writer.on_written.append(self.backlog.wrote)
        if OBSERVE in made:
            made[OBSERVE].gate = self.backlog
        if DECIDE in made:
            Ticker(made[DECIDE], self.writer, self.hooks, settings.tick_idle_s)

        self.apps = self._apps(made, windowed)
        for app in self.apps:
            app.on_joined = self.seats.take
        self.publisher = Publisher(board, self.inputs)
        self.watch = Watch(self.inputs, self.means.reader, self.hooks)
        registry = CollectorRegistry()
        registry.register(WorkerCollector(self.inputs, self.last_exit))
        registry.register(BudgetCollector(self.inputs))
        self.web = Web(settings.web_host, settings.web_port, registry, self.is_ready)

    def _apps(self, made: Mapping[AgentInput, Partitions], windowed: Windowed | None) -> list[App]:
        """`detect` is an app of its own: Faust recovers its table before anything goes on, and
        decisions must not wait for samples."""
        settings = self.settings
        apps = []
        if plain := [p for source, p in made.items() if source is not DETECT]:
            apps.append(build_app(settings.group, settings, plain, self.means))
        if DETECT in made:
            group = detect_group(settings)
            apps.append(build_app(group, settings, [made[DETECT]], self.means, windowed))
        return apps

    def is_ready(self) -> bool:
        """Every partition that we were given is open."""
        return all(app.joined for app in self.apps) and not any(p.opening for p in self.inputs)

    async def run(self) -> int:
        """Serves until a signal comes."""
        running = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            running.add_signal_handler(number, self.stop)
        return await self.serve()

    def stop(self) -> None:
        self._stop.set()

    async def serve(self) -> int:
        try:
            await self._start()
            await self._until_stopped()
            await asyncio.wait_for(self._end(), STOP_WITHIN_S)
        except Exception as error:
            self.hooks.end(error)
            raise
        return 0

    async def _start(self) -> None:
        settings = self.settings
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        self.last_exit.take()
        await check_topics(settings.bootstrap, self._topics())
        await self.writer.start()
        await self.offsets.start()
        await self.web.start()
        log.info("worker started", agents=settings.agents, web_port=self.web.port)
        await self.seats.give_up_old_ones(self.offsets)

    def _topics(self) -> dict[str, int]:
        """The topics that must be there, with their numbers of partitions."""
        prefix, tape = self.settings.topic_prefix, self.settings.tape_partitions
        ours = {t for p in self.inputs for t in (p.source.source, p.source.journal)}
        changelogs = [name for app in self.apps for name in app.tables.changelog_topics]
        return {t.name(prefix): t.partitions(tape) for t in ours} | dict.fromkeys(changelogs, tape)

    async def _until_stopped(self) -> None:
        """Returns when told to stop; raises what goes wrong in any part."""
        beside: list[Coroutine[Any, Any, None]] = [
            self.publisher.run(),
            self.backlog.run(),
            self.watch.run(),
            *(self._run_app(app) for app in self.apps),
        ]
        tasks = [asyncio.create_task(part) for part in beside]
        stopped = asyncio.create_task(self._stop.wait())
        try:
            done, _ = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()

    async def _run_app(self, app: App) -> None:
        await app.start()
        if await app.wait_for_stopped(self._stop):
            raise FaustCrashed(repr(app.crash_reason))

    async def _end(self) -> None:
        """Finishes the groups under way and leaves the group, so that others can go on at once."""
        await asyncio.gather(*(partitions.close() for partitions in self.inputs))
        await asyncio.gather(*(app.stop() for app in self.apps))
        await self.web.stop()
        await self.offsets.stop()
        await self.writer.stop()


def detect_group(settings: ProcessorSettings) -> str:
    """The consumer group of `detect`, by which Faust names its table's topic."""
    return f"{settings.group}-detect"


def _means(
    settings: ProcessorSettings, writer: Writer, hooks: Hooks, command_key: SigningKey | None
) -> Means:
    limits = Limits(
        settings.tape_partitions, settings.group_records_max, settings.queue_records_max
    )
    reader = LogReader(settings.bootstrap)
    return Means(settings.topic_prefix, limits, writer, reader, hooks, command_key)
