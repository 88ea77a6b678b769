"""The file of sources: text into senders, or all that is wrong with it."""

import re
from collections import Counter
from pathlib import Path

from yaml.nodes import Node, SequenceNode

from streams.ingest.sources import FORMATS, Source
from streams.reading.faults import Fault, FileError
from streams.reading.nodes import Reading, Section

TOKENS_MAX = 2
"""The one in use and, during a rotation, the next one."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_CLUSTER_BYTES_MAX = 253


def load_sources(path: Path) -> tuple[Source, ...]:
    """Raises FileError, or OSError where the file cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as fault:
        raise FileError([Fault(str(path), 1, 1, f"not UTF-8: {fault.reason}")]) from None
    return compile_sources(text, str(path))


def compile_sources(text: str, file: str = "sources") -> tuple[Source, ...]:
    reading = Reading(file)
    top = Section(reading, reading.root(text), "a file of sources")
    top.need("version", lambda n: reading.whole(n, most=1), 1)
    none: tuple[Source, ...] = ()
    sources = top.need(
        "sources", lambda n: tuple(_source(reading, item) for item in reading.items(n)), none
    )
    top.done("version, sources")
    for name, count in Counter(source.name for source in sources).items():
        if count > 1:
            reading.fault(top.node, f"{count} sources are named {name!r}")
    reading.stop_at_faults()
    return sources


def _source(reading: Reading, node: Node) -> Source:
    section = Section(reading, node, "a source")
    source = Source(
        name=section.need("name", lambda n: _name(reading, n), ""),
        format=section.may("format", lambda n: _format(reading, n), None),
        cluster=section.may("cluster", lambda n: _cluster(reading, n), None),
        token_envs=section.may("token_env", lambda n: _one_or_more(reading, n), ()),
        token_files=section.may("token_file", lambda n: _one_or_more(reading, n), ()),
    )
    section.done("name, format, cluster, token_env, token_file")
    if len(source.token_envs) + len(source.token_files) > TOKENS_MAX:
        reading.fault(node, f"a source has at most {TOKENS_MAX} tokens")
    return source


def _name(reading: Reading, node: Node) -> str:
    name = reading.text(node)
    if name and not NAME.fullmatch(name):
        reading.fault(node, f"expected a name of letters, digits and ._- instead of {name!r}")
    return name


def _format(reading: Reading, node: Node) -> str | None:
    format = reading.text(node)
    if format not in FORMATS:
        reading.fault(node, f"unknown format {format!r}; known are {', '.join(FORMATS)}")
    return format


def _cluster(reading: Reading, node: Node) -> str | None:
    cluster = reading.text(node)
    if not 0 < len(cluster.encode()) <= _CLUSTER_BYTES_MAX:
        reading.fault(node, f"expected a cluster's name of at most {_CLUSTER_BYTES_MAX} bytes")
    return cluster


def _one_or_more(reading: Reading, node: Node) -> tuple[str, ...]:
    texts = reading.texts(node) if isinstance(node, SequenceNode) else (reading.text(node),)
    if not all(texts):
        reading.fault(node, "expected a name, or a list of them")
    return texts
