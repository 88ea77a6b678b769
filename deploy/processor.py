"""Putting the processor together: which step each agent runs, from the settings."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from schemas.signing import SigningKey, read_signing_key
from schemas.topics import ALERTS, CONTROLS, METRICS, OUTCOMES, Topic
from streams.authors import NOBODY, load_authors
from streams.detect.rules_file import Rule, load_rules
from streams.host.exits import Hooks
from streams.host.processor import Steps, run_processor
from streams.incarnations import read_incarnations
from streams.policy.book import PolicyBook
from streams.rebuild import silent_until_ms
from streams.settings import ProcessorSettings
from streams.steps.decide import open_decide
from streams.steps.detect import open_detect, windowed
from streams.steps.observe import open_observe
from streams.steps.relay import open_relay

log = structlog.get_logger()


class NotCreated(Exception):
    """A topic was not made by us, so records of two lives of it could not be told apart."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"{topic} has no incarnation: run `mendlog topics create` first")


def run(settings: ProcessorSettings, reached: Callable[[str], None]) -> int:
    """Raises FileError for a file of detections or authors that cannot be used, and BadKey."""
    command_key = _command_key(settings)
    rules = load_rules(settings.detections_file) if settings.detections_file else ()
    steps = asyncio.run(steps_of(settings, rules))
    return run_processor(settings, steps, windowed(rules), Hooks(reached=reached), command_key)


def _command_key(settings: ProcessorSettings) -> SigningKey | None:
    if settings.command_key is None:
        log.warning("commands are not signed: set MENDLOG_COMMAND_KEY, see docs/safety.md")
        return None
    return read_signing_key(settings.command_key)


async def steps_of(settings: ProcessorSettings, rules: Sequence[Rule]) -> Steps:
    file = settings.control_authors_file
    authors = load_authors(file) if file else NOBODY
    births = await read_incarnations(settings.bootstrap, settings.topic_prefix)
    silent = await silent_until_ms(
        settings.bootstrap, settings.topic_prefix, settings.tape_partitions
    )

    def incarnation(topic: Topic) -> str:
        name = topic.name(settings.topic_prefix)
        if name not in births:
            raise NotCreated(name)
        return births[name].incarnation

    return {
        "observe.alerts": open_observe(incarnation(ALERTS), settings.cluster),
        "detect.metrics": open_detect(rules, incarnation(METRICS), settings.cluster),
        "relay.outcomes": open_relay(incarnation(OUTCOMES), settings.tape_partitions),
        "relay.controls": open_relay(incarnation(CONTROLS), settings.tape_partitions, authors),
        "decide.tape": open_decide(PolicyBook(), silent),
    }
