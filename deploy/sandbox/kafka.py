"""Kafka for a laptop and for tests: Apache's own broker as a child process, one node, loopback."""

import base64
import json
import os
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from deploy.sandbox import broker_probe, broker_settings, jars, ports
from deploy.sandbox.archive import with_archive
from deploy.sandbox.cache import write_whole
from deploy.sandbox.errors import SandboxError
from deploy.sandbox.java import Jvm, find_java
from deploy.sandbox.processes import Child, wait_until
from deploy.sandbox.progress import Quiet, Reporter

FORMAT_S = 60.0
READY_S = 60.0
STOP_S = 20.0
ARCHIVED_S = 60.0
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
    # Two thousand lines of settings at each start would hide what a person looks for.
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config.AbstractConfig=warn",
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
        self.log_dir = self.data_dir / broker_settings.LOG_DIR
        """Where partitions live; what the broker itself says is in `log_file`."""
        self.log_file = self.data_dir / "broker.log"
        self._settings = dict(settings or {})
        self._progress = progress or Quiet()
        self._jvm = jvm
        self._child: Child | None = None

    @property
    def bootstrap(self) -> str:
        """The address for clients; the same at every start on this folder."""
        return f"{ports.HOST}:{self._identity.port}"

    def start(self) -> None:
        """Return when the broker answers. The first start ever fetches and prepares its parts."""
        assert not self.alive, "this broker is already running"
        jvm = self._jvm or broker_jvm(self._progress)
        self._progress.say(f"starting Kafka on {self.bootstrap}")
        self._identity.refuse_taken_ports()
        self.prepare(jvm)
        self._child = self._program("Kafka", jvm, "kafka.Kafka", str(self._settings_file))
        self._child.start()
        try:
            self._await_answer(self._child)
        except BaseException:
            self.kill()
            raise

    def stop(self, grace_s: float = STOP_S) -> None:
        """Shut down in order: everything flushed and marked clean."""
        if self._child is not None:
            self._child.stop(grace_s)

    def kill(self) -> None:
        """SIGKILL. The next start takes up to nine seconds more: the old session has to run out."""
        if self._child is not None:
            self._child.kill()

    def pause(self) -> None:
        """Connections stay open and nobody answers, as on a machine that is frozen."""
        self._started.pause()

    def resume(self) -> None:
        self._started.resume()

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.alive

    @property
    def pid(self) -> int:
        return self._started.pid

    def log_tail(self, lines_max: int = 20) -> str:
        return self._started.log_tail(lines_max)

    def __enter__(self) -> "Kafka":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def prepare(self, jvm: Jvm) -> None:
        """Write the settings, and give a new folder its cluster."""
        self.log_dir.mkdir(parents=True, exist_ok=True)
        identity = self._identity
        text = broker_settings.render(identity.port, identity.controller_port, self._settings)
        write_whole(self._settings_file, text)
        if not (self.log_dir / "meta.properties").exists():
            options = ("--cluster-id", identity.cluster_id, "--config", str(self._settings_file))
            tool = "kafka.tools.StorageTool"
            self._program("Kafka's formatter", jvm, tool, "format", *options).run(FORMAT_S)

    @property
    def _started(self) -> Child:
        assert self._child is not None, "this broker was never started"
        return self._child

    @property
    def _settings_file(self) -> Path:
        return self.data_dir / "server.properties"

    @cached_property
    def _identity(self) -> "Identity":
        return Identity.of(self.data_dir)

    def _await_answer(self, child: Child) -> None:
        def answers() -> bool:
            return broker_probe.knows_itself(ports.HOST, self._identity.port)

        wait_until(answers, timeout_s=READY_S, what="Kafka to answer", child=child)

    def _program(self, name: str, jvm: Jvm, main_class: str, *arguments: str) -> Child:
        unpacked = self.data_dir / "tmp"  # where compression libraries put their native part
        unpacked.mkdir(parents=True, exist_ok=True)
        argv = jvm.flagged(f"-Djava.io.tmpdir={unpacked}").argv(main_class, *arguments)
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
            chosen = cls(_new_cluster_id(), *ports.choose(2))
            write_whole(file, json.dumps(asdict(chosen)))
        return cls(**json.loads(file.read_text()))

    def refuse_taken_ports(self) -> None:
        taken = [port for port in (self.port, self.controller_port) if not ports.is_free(port)]
        if taken:
            raise SandboxError(
                f"Port {taken[0]}, by which the clients of this Kafka know it, is in use. "
                "Does another process run on the same folder?"
            )


def broker_jvm(progress: Reporter) -> Jvm:
    """How to call the broker: Java, verified jars and an archive for quick starts."""
    jvm = Jvm(find_java(), tuple(jars.class_path(progress)), JVM_FLAGS)
    return with_archive(jvm, _start_and_stop, progress)


def _start_and_stop(recording: Jvm, plain: Jvm) -> None:
    """Run a broker on a folder of its own; Java writes its archive as the process ends."""
    with tempfile.TemporaryDirectory(prefix="mendlog-") as folder:
        broker = Kafka(Path(folder), jvm=recording)
        broker.prepare(plain)
        try:
            broker.start()
            broker.stop(ARCHIVED_S)
        finally:
            broker.kill()


def _new_cluster_id() -> str:
    """22 characters, as Kafka wants; a leading dash would look like an option to its tools."""
    return "M" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
