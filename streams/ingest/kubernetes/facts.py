"""What is kept of an object once it is read."""

from collections.abc import Mapping
from dataclasses import dataclass

from streams.ingest.kubernetes import nodes, pods
from streams.ingest.kubernetes.shapes import Node, Pod
from streams.ingest.kubernetes.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Fact:
    """Of a pod or a node; of one that is well, hardly anything."""

    uid: str
    troubles: tuple[Trouble, ...] = ()
    waits_as: Mapping[str, str] | None = None
    """The labels of a pod whose containers are still to be made. Why they are not, only events
    tell."""


def of_pod(pod: Pod) -> Fact:
    return Fact(pod.metadata.uid, pods.troubles_of(pod), pods.waits_as(pod))


def of_node(node: Node) -> Fact:
    return Fact(node.metadata.uid, nodes.troubles_of(node))
