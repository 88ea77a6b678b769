"""Of the API's objects what the watcher looks at. All else is skipped while it is read, so that a
cluster's pods cost no memory. What the API may leave out, or write as null, has a default."""

from datetime import datetime
from typing import Any, TypeVar

import msgspec

from streams.ingest.formats.alert_json import UNREADABLE

S = TypeVar("S", bound=msgspec.Struct)


class _Shape(msgspec.Struct, rename="camel", frozen=True, gc=False):
    pass


class Owner(_Shape, frozen=True):
    kind: str
    name: str
    controller: bool | None = None


class Meta(_Shape, frozen=True):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[Owner] | None = None
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None


class Waiting(_Shape, frozen=True):
    reason: str = ""
    message: str = ""


class Running(_Shape, frozen=True):
    started_at: datetime | None = None


class Terminated(_Shape, frozen=True):
    exit_code: int = 0
    reason: str = ""
    finished_at: datetime | None = None


class State(_Shape, frozen=True):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class Container(_Shape, frozen=True):
    name: str
    restart_count: int = 0
    state: State | None = None
    last_state: State | None = None


class Condition(_Shape, frozen=True):
    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None


class ContainerSpec(_Shape, frozen=True):
    name: str
    restart_policy: str = ""


class PodSpec(_Shape, frozen=True):
    node_name: str = ""
    restart_policy: str = "Always"
    init_containers: list[ContainerSpec] | None = None


class PodStatus(_Shape, frozen=True):
    phase: str = ""
    conditions: list[Condition] | None = None
    init_container_statuses: list[Container] | None = None
    container_statuses: list[Container] | None = None


class Pod(_Shape, frozen=True):
    metadata: Meta
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class NodeStatus(_Shape, frozen=True):
    conditions: list[Condition] | None = None


class Node(_Shape, frozen=True):
    metadata: Meta
    status: NodeStatus = NodeStatus()


class WorkloadSpec(_Shape, frozen=True):
    template: msgspec.Raw


class Workload(_Shape, frozen=True):
    """A Deployment, StatefulSet or DaemonSet: they roll a template out."""

    metadata: Meta
    spec: WorkloadSpec


class About(_Shape, frozen=True):
    uid: str = ""


class Series(_Shape, frozen=True):
    count: int = 0
    last_observed_time: datetime | None = None


class Event(_Shape, frozen=True):
    """As core/v1 shows those of either API."""

    metadata: Meta
    involved_object: About = About()
    reason: str = ""
    message: str = ""
    type: str = ""
    count: int | None = None
    series: Series | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None
    reporting_component: str = ""


class ListMeta(_Shape, frozen=True):
    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class Page(_Shape, frozen=True):
    metadata: ListMeta
    items: list[msgspec.Raw] | None = None


class Line(_Shape, frozen=True):
    """Of a watch."""

    type: str
    object: msgspec.Raw


class Status(_Shape, frozen=True):
    code: int = 0
    message: str = ""


class Bookmark(_Shape, frozen=True):
    metadata: Meta


class Unreadable(ValueError):
    """Not of the shape that the API promises."""


_decoders: dict[Any, Any] = {}


def read(shape: type[S], raw: bytes | msgspec.Raw) -> S:
    """Raises Unreadable."""
    decoder = _decoders.get(shape) or _decoders.setdefault(shape, msgspec.json.Decoder(shape))
    try:
        found: S = decoder.decode(raw)
    except UNREADABLE as fault:
        raise Unreadable(f"{shape.__name__}: {fault}") from None
    return found
