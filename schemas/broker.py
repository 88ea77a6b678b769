"""The broker as people name it, and what they are told where it lacks a topic."""

import re

_ONE = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s,:/@\[\]]+)(?::([0-9]{1,5}))?")
_PORT = 9092
"""Kafka's own, where none is said."""


def broker_address(text: str) -> str:
    """The same again. Raises ValueError for what no client could connect to: they find out only
    when they are asked to."""
    for one in text.split(","):
        found = _ONE.fullmatch(one.strip())
        if found is None or not 0 < int(found[1] or _PORT) < 65536:
            raise ValueError("expected host:port, or several with commas")
    return text


def no_topic(topic: str) -> str:
    return f"there is no topic {topic}: run `mendlog topics create`, or set MENDLOG_TOPIC_PREFIX"
