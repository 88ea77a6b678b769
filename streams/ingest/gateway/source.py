"""One registered sender: how it proves who it is, and what it may speak for."""

from collections.abc import Mapping as Dict
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network

from schemas.alerts import ALERT_KEY, AlertStatus, Sighting
from streams.ingest.alertmanager.address import Address
from streams.ingest.formats.mapping import Mapping

CLUSTER, NAMESPACE = "cluster", "namespace"
METRIC_NAMESPACE = "metric_namespace"
"""CloudWatch's word for a kind of metrics."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Where the words stand, which only the gateway reads: the one in use and, while it is rotated,
    the next one."""

    envs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.envs or self.files)


NONE = Secrets()


@dataclass(frozen=True, slots=True)
class Login:
    """HTTP basic authentication."""

    user: str
    passwords: Secrets


@dataclass(frozen=True, slots=True)
class Signature:
    """HMAC-SHA256 over the body, in hex, in a header."""

    secrets: Secrets
    header: str
    prefix: str = ""
    """What stands before the hex digits, such as `sha256=`."""
    timestamp_header: str = ""
    """Where it is sent, this time in Unix seconds and a colon are signed before the body."""
    window_s: int = 300
    """How far that time may be from ours."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a proxy that ended TLS says of the sender's certificate."""

    header: str
    names: frozenset[str]
    proxies: tuple[IPv4Network | IPv6Network, ...]
    """Whose word is taken: from anywhere else the header is somebody's invention."""


@dataclass(frozen=True, slots=True)
class Source:
    name: str
    format: str | None = None
    cluster: str | None = None
    """Its alerts belong here, whatever their labels say."""
    clusters: tuple[str, ...] = ()
    """Its alerts must name one of these. Empty: any."""
    namespaces: tuple[str, ...] = ()
    """Patterns; its alerts must name a namespace, and only such. Empty: any, or none."""
    tokens: Secrets = NONE
    login: Login | None = None
    signature: Signature | None = None
    certificate: Certificate | None = None
    mapping: Mapping | None = None
    """How its JSON is read, where its format is `generic`."""
    topics: frozenset[str] = frozenset()
    """ARNs of SNS topics that may send."""
    may_ask: bool = False
    """Whether it may also read which alerts fire, of what it may speak for."""
    alertmanager: Address | None = None
    """Whom to ask for what its deliveries leave out."""

    @property
    def proves_itself(self) -> bool:
        return bool(self.tokens or self.login or self.signature or self.certificate or self.topics)

    @property
    def is_limited(self) -> bool:
        return bool(self.clusters or self.namespaces)

    def may_not_say(self, seen: Sighting) -> tuple[str, str] | None:
        """The label at fault and why, where an alert speaks for what this source may not. An end
        that carries only a key ends what the source itself has begun, and may leave places out."""
        may_be_bare = seen.status is AlertStatus.RESOLVED and ALERT_KEY in seen.labels
        return self.may_not_name(seen.labels, may_be_bare)

    def may_not_name(
        self, labels: Dict[str, str], may_be_bare: bool = False
    ) -> tuple[str, str] | None:
        """The same of a sample's labels, or of an alert's."""
        cluster = labels.get(CLUSTER, "")
        if self.clusters and cluster not in (*self.clusters, *([""] if may_be_bare else [])):
            return CLUSTER, f"{self.name} may speak for {', '.join(self.clusters)} only"
        if self.namespaces:
            named = {} if may_be_bare else {NAMESPACE: ""}
            named |= {name: text for name, text in labels.items() if _is_of_place(name)}
            for name, text in sorted(named.items()):
                if not any(fnmatchcase(text, pattern) for pattern in self.namespaces):
                    return name, f"{self.name} may speak for {', '.join(self.namespaces)} only"
        return None


def _is_of_place(label: str) -> bool:
    """A policy may find its target by any label: whatever calls itself a namespace counts."""
    return NAMESPACE in label.lower() and label != METRIC_NAMESPACE
