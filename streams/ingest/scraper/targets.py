"""The answer of a Prometheus HTTP service discovery -> the targets to scrape."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from streams.ingest.formats.alert_json import UNREADABLE
from streams.ingest.series_key import series_key

EMPTY = "an empty body, not a JSON array of targets"
_HIDDEN = "__"
"""Labels of Prometheus' own; they say how to scrape, and are no labels of the samples."""


@dataclass(frozen=True, slots=True)
class Target:
    url: str
    labels: Mapping[str, str] = field(hash=False)

    @property
    def cluster(self) -> str:
        return self.labels.get("cluster", "")

    @property
    def series(self) -> str:
        return series_key(self.labels, self.url)


class BadTargets(ValueError):
    """Not a list of targets; the ones known before go on."""


class _Group(msgspec.Struct):
    targets: list[str]
    labels: dict[str, str] = {}


_groups = msgspec.json.Decoder(list[_Group])


def read_targets(body: bytes) -> tuple[Target, ...]:
    """Raises BadTargets."""
    try:
        groups = _groups.decode(body)
    except UNREADABLE as error:
        what = f"not a JSON array of targets: {error}" if body else EMPTY
        raise BadTargets(what) from None
    return tuple(_target(address, group.labels) for group in groups for address in group.targets)


def _target(address: str, labels: Mapping[str, str]) -> Target:
    scheme = labels.get("__scheme__", "http")
    path = labels.get("__metrics_path__", "/metrics")
    if scheme not in ("http", "https") or not path.startswith("/") or not address:
        raise BadTargets(f"no address to scrape: {scheme}, {address!r}, {path!r}")
    shown = {name: value for name, value in labels.items() if not name.startswith(_HIDDEN)}
    return Target(f"{scheme}://{address}{path}", shown)
