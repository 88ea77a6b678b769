"""The topics that Faust expects to find: the changelogs of `detect`'s windowed table."""

from deploy.topics import Extra
from streams.host.processor import detect_group
from streams.host.windows import changelog_topic
from streams.settings import ProcessorSettings

KEPT_MS = 24 * 60 * 60 * 1000
"""A window lives for minutes; what is older is of no use to anyone."""


def faust_topics(settings: ProcessorSettings) -> Extra:
    config = {"cleanup.policy": "compact,delete", "retention.ms": str(KEPT_MS)}
    return ((changelog_topic(detect_group(settings)), config),)
