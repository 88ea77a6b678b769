"""The sections of the file of sources that say how a sender proves who it is."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network

from yaml.nodes import Node, SequenceNode

from streams.ingest.gateway.source import NONE, Certificate, Login, Secrets, Signature
from streams.reading.nodes import Reading, Section

SECRETS_MAX = 2
"""The one in use and, while it is rotated, the next one."""
WINDOW_MS = 300_000
SIGNED_IN = {
    "grafana": ("X-Grafana-Alerting-Signature", ""),
    "pagerduty": ("X-PagerDuty-Signature", "v1="),
}
"""The header and what stands before the digits, by format."""
USUALLY = ("X-Hub-Signature-256", "sha256=")
NOTHING: tuple[str, ...] = ()
NO_NETWORKS: tuple[IPv4Network | IPv6Network, ...] = ()
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]{1,256}")


def secrets(reading: Reading, node: Node, section: Section, of: str) -> Secrets:
    """`token_env` and `token_file`, or the like."""
    found = Secrets(
        section.may(f"{of}_env", lambda n: _one_or_more(reading, n), NOTHING),
        section.may(f"{of}_file", lambda n: _one_or_more(reading, n), NOTHING),
    )
    if len(found.envs) + len(found.files) > SECRETS_MAX:
        reading.fault(node, f"a source has at most {SECRETS_MAX} {of}s")
    return found


def login(reading: Reading, node: Node) -> Login:
    section = Section(reading, node, "basic authentication")
    made = Login(
        section.need("user", reading.text, ""),
        _needed(reading, node, section, "password"),
    )
    section.done("user, password_env, password_file")
    if ":" in made.user:
        reading.fault(node, "a user's name has no colon")
    return made


def signature(reading: Reading, node: Node, format: str | None) -> Signature:
    section = Section(reading, node, "a signature")
    if format is None:
        reading.fault(node, "a source that signs needs a `format`")
    usual_header, usual_prefix = SIGNED_IN.get(format or "", USUALLY)
    header = section.may("header", lambda n: _header(reading, n), usual_header)
    prefix = usual_prefix if header == usual_header else ""
    window_ms = section.may(
        "window", lambda n: reading.duration_ms(n, 1000, 12 * WINDOW_MS), WINDOW_MS
    )
    made = Signature(
        _needed(reading, node, section, "secret"),
        header,
        section.may("prefix", reading.text, prefix),
        section.may("timestamp_header", lambda n: _header(reading, n), ""),
        window_ms // 1000,
    )
    section.done("secret_env, secret_file, header, prefix, timestamp_header, window")
    return made


def certificate(reading: Reading, node: Node) -> Certificate:
    section = Section(reading, node, "a client certificate")
    made = Certificate(
        section.need("header", lambda n: _header(reading, n), ""),
        frozenset(section.need("names", lambda n: reading.texts(n, 1), NOTHING)),
        section.need("proxies", lambda n: _networks(reading, n), NO_NETWORKS),
    )
    section.done("header, names, proxies")
    if "" in made.names:
        reading.fault(node, "a certificate has a name")
    return made


def topics(reading: Reading, node: Node, format: str | None) -> frozenset[str]:
    if format != "sns":
        reading.fault(node, "topics of SNS need `format: sns`")
    found = reading.texts(node, 1)
    for topic in found:
        if not _TOPIC.fullmatch(topic):
            reading.fault(node, f"expected the ARN of an SNS topic instead of {topic[:100]!r}")
    return frozenset(found)


def _needed(reading: Reading, node: Node, section: Section, of: str) -> Secrets:
    found = secrets(reading, node, section, of)
    if found == NONE:
        reading.fault(node, f"needs {of}_env or {of}_file")
    return found


def _header(reading: Reading, node: Node) -> str:
    name = reading.text(node)
    if not _HEADER.fullmatch(name):
        reading.fault(node, f"expected a header's name instead of {name[:60]!r}")
    return name


def _networks(reading: Reading, node: Node) -> tuple[IPv4Network | IPv6Network, ...]:
    found = []
    for text in reading.texts(node, 1):
        try:
            found.append(ip_network(text))
        except ValueError as error:
            reading.fault(node, f"expected a network such as 10.0.0.0/8: {error}")
    return tuple(found)


def _one_or_more(reading: Reading, node: Node) -> tuple[str, ...]:
    texts = reading.texts(node) if isinstance(node, SequenceNode) else (reading.text(node),)
    if not all(texts):
        reading.fault(node, "expected a name, or a list of them")
    return texts
