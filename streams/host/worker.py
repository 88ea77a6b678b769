"""A processor: the agents of one worker process, from start to exit code."""

import asyncio
import signal
from collections.abc import Mapping

import structlog

from streams.host import agents
from streams.host.app import App
from streams.host.exits import EXIT_FAULT, Hooks
from streams.host.feed import Feed
from streams.host.inputs import INPUTS, AgentInput
from streams.host.loop import Limits
from streams.host.partitions import Means, Partitions
from streams.host.reading import LogReader
from streams.host.writer import Writer
from streams.settings import ProcessorSettings
from streams.steps.effects import OpenStep

Steps = Mapping[str, OpenStep]
"""The logic of each input, by its name: `observe.alerts`, `relay.controls` and so on."""

log = structlog.get_logger()


def run_processor(settings: ProcessorSettings, steps: Steps, hooks: Hooks | None = None) -> int:
    """Runs until SIGTERM or SIGINT; returns the exit code."""
    return asyncio.run(Processor(settings, steps, hooks or Hooks()).run())


class Processor:
    def __init__(self, settings: ProcessorSettings, steps: Steps, hooks: Hooks) -> None:
        self.settings = settings
        self.writer = Writer(settings.bootstrap)
        limits = Limits(
            settings.tape_partitions, settings.group_records_max, settings.queue_records_max
        )
        self.means = Means(
            settings.topic_prefix, limits, self.writer, LogReader(settings.bootstrap), hooks
        )
        self.partitions = {
            source: Partitions(source, steps[source.name], self.means)
            for source in inputs_of(settings.agents)
        }
        self._stop = asyncio.Event()

    async def run(self) -> int:
        await self.writer.start()
        app = build_app(self.settings, self.partitions, self.means)
        running = asyncio.get_running_loop()
        for sig in (signal.SIGTERM, signal.SIGINT):
            running.add_signal_handler(sig, self._stop.set)
        await app.start()
        crashed = asyncio.create_task(app._crashed.wait())
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait([crashed, stopped], return_when=asyncio.FIRST_COMPLETED)
        if crashed.done():
            log.error("faust crashed", detail=repr(app.crash_reason))
            self.means.hooks.end_process(EXIT_FAULT)
        await asyncio.gather(*(p.close() for p in self.partitions.values()))
        await app.stop()
        await self.writer.stop()
        return 0


def build_app(
    settings: ProcessorSettings, partitions: Mapping[AgentInput, Partitions], means: Means
) -> App:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    app = App(settings.app_id, settings, list(partitions.values()), reset="latest")
    feeds = {
        source: Feed(owned, app.flow, means.reader, means.hooks)
        for source, owned in partitions.items()
    }
    agents.declare(app, feeds)
    return app


def inputs_of(names: str) -> tuple[AgentInput, ...]:
    """The inputs of the named agents."""
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    known = {i.agent for i in INPUTS}
    if not wanted or wanted - known:
        raise ValueError(f"agents {names!r}: choose among {', '.join(sorted(known))}")
    return tuple(i for i in INPUTS if i.agent in wanted)
