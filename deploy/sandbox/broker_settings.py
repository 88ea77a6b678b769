"""What the sandbox tells Kafka's broker, in the broker's own words."""

from collections.abc import Mapping

MIB = 1024 * 1024

TUNING = {
    # One node: nothing can be replicated.
    "offsets.topic.replication.factor": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    # Few partitions: each is a folder, a recovery step and open files.
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.num.partitions": 1,
    # Topics come from `topics create` only, with the settings that the contract names.
    "auto.create.topics.enable": "false",
    "message.max.bytes": 9 * MIB,
    "log.segment.bytes": 64 * MIB,
    # Preallocated per partition; 1 MiB indexes a segment of 64 MiB many times over.
    "log.index.size.max.bytes": MIB,
    # A worker joins at once, and may ask for a session short enough to watch it fail over.
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1000,
    # Its controller, in the same process, says that it is dead when it has been silent for so long,
    # as on a laptop that was closed; clients that begin just then find nobody.
    "broker.session.timeout.ms": 9000,
    "broker.heartbeat.interval.ms": 250,
    # A laptop's worth of threads and buffers; the cleaner alone would take 128 MiB of heap.
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 2,
    "log.cleaner.dedupe.buffer.size": 16 * MIB,
    "auto.leader.rebalance.enable": "false",
}
BACK_SOON = {"broker.session.timeout.ms": 2000}
"""For one that will be killed: it is let in again only when its former session has run out."""
LOG_DIR = "segments"
"""Relative to the broker's working folder, whose name may hold what a settings file may not."""


def render(port: int, controller_port: int, overrides: Mapping[str, str | int]) -> str:
    """The text of `server.properties`: loopback only, broker and controller in one process."""
    identity = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": LOG_DIR,
    }
    settings = TUNING | dict(overrides) | identity
    return "".join(f"{name}={value}\n" for name, value in settings.items())
