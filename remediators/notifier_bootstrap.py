"""Putting the notifier together: which adapters stand behind its ports. Nobody else chooses."""

import os
from collections.abc import Mapping
from contextlib import AsyncExitStack

import structlog

from remediators.adapters.kafka.session import open_notifier_session
from remediators.adapters.kafka.topics import broker_of
from remediators.adapters.post import HttpPost
from remediators.notify.backoff import Backoff
from remediators.notify.channel import Channel
from remediators.notify.config import NotifierFile, load
from remediators.notify.metrics import Metrics
from remediators.notify.notifier import Limits, Notifier, World
from remediators.notify.opening import open_channels
from remediators.notify.outlet import Reached
from remediators.process import EXIT_CONFIG, exit_code_of, serve
from remediators.reading import BadFile
from remediators.settings import NotifierSettings

log = structlog.get_logger()


def run_notifier(settings: NotifierSettings, reached: Reached) -> int:
    """Until SIGTERM or SIGINT, or a fault; gives the process's exit code."""
    try:
        file = load(settings.notifier_file)
        channels = open_channels(file, os.environ)
    except BadFile as fault:
        log.error("notifier_file_unusable", faults=fault.faults)
        return EXIT_CONFIG
    return exit_code_of(_serve(settings, file, channels, reached))


async def _serve(
    settings: NotifierSettings,
    file: NotifierFile,
    channels: Mapping[str, Channel],
    reached: Reached,
) -> None:
    async with AsyncExitStack() as opened:
        post = HttpPost(settings.request_timeout_s)
        opened.push_async_callback(post.close)
        broker = broker_of(settings, settings.group_id)
        session = await opened.enter_async_context(open_notifier_session(broker))
        world = World(session.inbox, session.deliveries, post, reached)
        metrics = Metrics()
        notifier = Notifier(settings.name, file, channels, world, _limits(settings), metrics)
        log.info("notifier_starts", channels=sorted(channels), receivers=sorted(file.receivers))
        await serve(settings, metrics.registry, notifier)


def _limits(settings: NotifierSettings) -> Limits:
    first_ms, most_ms = int(settings.retry_first_s * 1000), int(settings.retry_most_s * 1000)
    backoff = Backoff(max(1, first_ms), max(1, most_ms))
    return Limits(backoff, settings.in_flight_max, settings.grace_s)
