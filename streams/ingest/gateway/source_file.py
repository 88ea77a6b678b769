"""The file of sources: text into senders, or all that is wrong with it."""

import re
from collections import Counter
from pathlib import Path

from yaml.nodes import Node

from streams.ingest.alertmanager.address import read_address
from streams.ingest.formats.alertmanager import API_V2, WEBHOOK
from streams.ingest.formats.catalog import FORMATS
from streams.ingest.formats.generic import generic
from streams.ingest.formats.mapping import Mapping
from streams.ingest.gateway import proof_file
from streams.ingest.gateway.mapping_file import mapping_of
from streams.ingest.gateway.source import Source
from streams.ingest.otlp.kind import OTLP
from streams.ingest.remote_write.kind import REMOTE_WRITE
from streams.reading.faults import Fault, FileError
from streams.reading.nodes import Reading, Section

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
KNOWN = (*FORMATS, REMOTE_WRITE, OTLP)
_CLUSTER_BYTES_MAX = 253
NOTHING: tuple[str, ...] = ()
KEYS = (
    "name, format, cluster, clusters, namespaces, token_env, token_file, basic, hmac, "
    "client_certificate, sns_topics, mapping, may_ask, alertmanager_url, "
    "alertmanager_authorization_file"
)


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
    format = section.may("format", lambda n: _format(reading, n), None)
    source = Source(
        name=section.need("name", lambda n: _name(reading, n), ""),
        format=format,
        cluster=section.may("cluster", lambda n: _cluster(reading, n), None),
        clusters=section.may("clusters", lambda n: reading.texts(n, 1), NOTHING),
        namespaces=section.may("namespaces", lambda n: reading.texts(n, 1), NOTHING),
        tokens=proof_file.secrets(reading, node, section, "token"),
        login=section.may("basic", lambda n: proof_file.login(reading, n), None),
        signature=section.may("hmac", lambda n: proof_file.signature(reading, n, format), None),
        certificate=section.may(
            "client_certificate", lambda n: proof_file.certificate(reading, n), None
        ),
        mapping=section.may("mapping", lambda n: _mapping(reading, n, format), None),
        topics=section.may(
            "sns_topics", lambda n: proof_file.topics(reading, n, format), frozenset(NOTHING)
        ),
        may_ask=section.may("may_ask", reading.flag, False),
        alertmanager=read_address(reading, node, section),
    )
    section.done(KEYS)
    if source.cluster and source.clusters:
        reading.fault(node, "`cluster` already says to which one its alerts belong")
    if source.alertmanager and format not in (None, WEBHOOK):
        reading.fault(node, f"an `alertmanager_url` needs `format: {WEBHOOK}`")
    if source.may_ask and format not in (None, API_V2):
        reading.fault(node, f"`may_ask` needs `format: {API_V2}`, or none")
    if format == generic.name and source.mapping is None:
        reading.fault(node, "a source of any JSON needs a `mapping`")
    return source


def _mapping(reading: Reading, node: Node, format: str | None) -> Mapping:
    if format != generic.name:
        reading.fault(node, f"a mapping needs `format: {generic.name}`")
    return mapping_of(reading, node)


def _name(reading: Reading, node: Node) -> str:
    name = reading.text(node)
    if name and not NAME.fullmatch(name):
        reading.fault(node, f"expected a name of letters, digits and ._- instead of {name!r}")
    return name


def _format(reading: Reading, node: Node) -> str | None:
    format = reading.text(node)
    if format not in KNOWN:
        reading.fault(node, f"unknown format {format!r}; known are {', '.join(KNOWN)}")
    return format


def _cluster(reading: Reading, node: Node) -> str | None:
    cluster = reading.text(node)
    if not 0 < len(cluster.encode()) <= _CLUSTER_BYTES_MAX:
        reading.fault(node, f"expected a cluster's name of at most {_CLUSTER_BYTES_MAX} bytes")
    return cluster
