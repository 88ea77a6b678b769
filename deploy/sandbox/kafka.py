"""Kafka for a laptop and for tests: Apache's own broker as a child process, one node, loopback."""

import base64
import json
import os
import socket
import struct
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from deploy.sandbox import broker_settings, jars, ports
from deploy.sandbox.archive import with_archive
from deploy.sandbox.errors import SandboxError
from deploy.sandbox.java import Jvm, find_java
from deploy.sandbox.processes import Child, wait_until
from deploy.sandbox.progress import Quiet, Reporter

FORMAT_S = 60.0
READY_S = 60.0
STOP_S = 20.0
RECORDED_S = 60.0
JVM_FLAGS = (
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    # Files in the system's temporary folder would outlive a kill.
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
)


class Kafka:
    """One broker on one folder. Stop or kill it and start it again: same address, same records."""

    def __init__(
        self,
        data_dir: Path,
        *,
        settings: Mapping[str, str | int] | None = None,
        progress: Reporter | None = None,
        jvm: Jvm | None = None,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.log_dir = self.data_dir / "segments"
        """Where partitions live (Kafka's `log.dirs`); what the broker says is in `log_file`."""
        self.log_file = self.data_dir / "broker.log"
        self._settings = dict(settings or {})
        self._progress = progress or Quiet()
        self._jvm = jvm
        self._child: Child | None = None

    @property
    def bootstrap(self) -> str:
        """The address for clients."""
        return f"{ports.HOST}:{self._identity.port}"

    def start(self) -> None:
        """Return when the broker answers. The first start ever fetches and prepares its parts."""
        assert not self.alive, "this broker is already running"
        jvm = self._jvm or broker_jvm(self._progress)
        self._progress.say(f"starting Kafka on {self.bootstrap}")
        self._identity.refuse_taken_ports()
        self.format(jvm)
        self._child = self._program("Kafka", jvm, "kafka.Kafka", str(self._properties))
        self._child.start()
        try:
            self._await_ready(self._child)
        except BaseException:
            self._child.kill()
            raise

    def stop(self, grace_s: float = STOP_S) -> None:
        """Shut down in order: everything flushed, a marker written, the next start quick."""
        if self._child is not None:
            self._child.stop(grace_s)

    def kill(self) -> None:
        """As a crash would: SIGKILL, nothing flushed, the next start has to recover."""
        if self._child is not None:
            self._child.kill()

    def pause(self) -> None:
        """Stand still, connections open: what a long collection or a frozen machine looks like."""
        self._running.pause()

    def resume(self) -> None:
        self._running.resume()

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.alive

    @property
    def pid(self) -> int:
        return self._running.pid

    def log_tail(self, lines_max: int = 20) -> str:
        return self._running.log_tail(lines_max)

    def __enter__(self) -> "Kafka":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def format(self, jvm: Jvm) -> None:
        """Write the settings, and the cluster's identity into the folder if it has none yet."""
        self.log_dir.mkdir(parents=True, exist_ok=True)
        self._properties.write_text(self._identity.properties(self.log_dir, self._settings))
        if (self.log_dir / "meta.properties").exists():
            return
        identity = ("--cluster-id", self._identity.cluster_id)
        config = ("--config", str(self._properties))
        tool = "kafka.tools.StorageTool"
        self._program("Kafka's formatter", jvm, tool, "format", *identity, *config).run(FORMAT_S)

    @property
    def _running(self) -> Child:
        assert self._child is not None, "this broker was never started"
        return self._child

    @property
    def _properties(self) -> Path:
        return self.data_dir / "server.properties"

    @cached_property
    def _identity(self) -> "Identity":
        return Identity.of(self.data_dir)

    def _await_ready(self, child: Child) -> None:
        wait_until(
            lambda: knows_a_broker(self._identity.port),
            timeout_s=READY_S,
            what="Kafka to answer",
            child=child,
        )

    def _program(self, name: str, jvm: Jvm, main_class: str, *arguments: str) -> Child:
        scratch = self.data_dir / "tmp"  # native libraries unpack themselves there
        scratch.mkdir(parents=True, exist_ok=True)
        argv = jvm.flagged(f"-Djava.io.tmpdir={scratch}").argv(main_class, *arguments)
        # Not the caller's environment: JAVA_TOOL_OPTIONS and its like would change what runs.
        env = {"PATH": os.defpath, "LANG": "C.UTF-8"}
        return Child(name, argv, log_file=self.log_file, env=env, cwd=self.data_dir)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a broker's clients and its data know it by; chosen once per folder."""

    cluster_id: str
    port: int
    controller_port: int

    @classmethod
    def of(cls, data_dir: Path) -> "Identity":
        file = data_dir / "broker.json"
        if not file.exists():
            data_dir.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(asdict(cls(_cluster_id(), *ports.choose(2)))))
        return cls(**json.loads(file.read_text()))

    def properties(self, log_dir: Path, overrides: Mapping[str, str | int]) -> str:
        return broker_settings.render(self.port, self.controller_port, log_dir, overrides)

    def refuse_taken_ports(self) -> None:
        taken = [port for port in (self.port, self.controller_port) if not ports.is_free(port)]
        if taken:
            raise SandboxError(
                f"Port {taken[0]}, by which this Kafka's clients know it, is in use by another "
                "process. Is the same folder open twice?"
            )


def broker_jvm(progress: Reporter) -> Jvm:
    """The command line for the broker: Java, verified jars and a start-up archive."""
    jvm = Jvm(find_java(), tuple(jars.class_path(progress)), JVM_FLAGS)

    def record(recording: Jvm) -> None:
        with tempfile.TemporaryDirectory(prefix="mendlog-") as folder:
            Kafka(Path(folder), jvm=jvm).format(jvm)
            broker = Kafka(Path(folder), jvm=recording)
            broker.start()
            broker.stop(RECORDED_S)  # Java writes the archive as it ends

    return with_archive(jvm, record, progress)


def knows_a_broker(port: int) -> bool:
    """Ask for metadata: the broker must answer and count itself among the living.

    An open port is not enough: it opens before the controller has let the broker in.
    """
    try:
        with socket.create_connection((ports.HOST, port), timeout=2) as connection:
            connection.sendall(METADATA_REQUEST)
            answer = connection.recv(64, socket.MSG_WAITALL)
    except OSError:
        return False
    return len(answer) >= 16 and struct.unpack_from(">iiii", answer)[3] > 0


def _metadata_request() -> bytes:
    """Metadata v4 for no topic; the answer is size, correlation id, throttle, number of brokers."""
    api_key, version, correlation_id, client = 3, 4, 1, b"mendlog"
    header = struct.pack(">hhih", api_key, version, correlation_id, len(client)) + client
    body = struct.pack(">i?", 0, False)
    return struct.pack(">i", len(header + body)) + header + body


METADATA_REQUEST = _metadata_request()


def _cluster_id() -> str:
    """22 characters as Kafka's own; a leading dash would look like an option to its tools."""
    return "M" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
