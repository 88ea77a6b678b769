"""The embedded stack: the real broker, a cluster, and each of our processes.

Every process is the one that production runs, started by the same command with the same settings
from the environment.
"""

import asyncio
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from deploy import topics
from deploy.faust_topics import faust_topics
from deploy.sandbox import ports
from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.command_keys import CommandKeys
from deploy.sandbox.control_plane.cluster import RealCluster
from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import Child, ChildFailed, stop_all, wait_until
from deploy.sandbox.progress import Quiet, Reporter
from deploy.sandbox.workloads import deploy_shop
from streams.controls import policy_control, publish
from streams.policy.load import load_file
from streams.settings import ProcessorSettings

POLICIES = Path(__file__).parent / "policies"
READY_S = 60.0
RESTARTS_MAX = 5
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Options:
    """What a stack is made of; the defaults are those of `mendlog up`."""

    cluster: str = "demo"
    real_cluster: bool = False
    """A real Kubernetes control plane in place of the sandbox's; built from source once."""
    prefix: str = "mendlog"
    tape_partitions: int = 4
    policy: Path = POLICIES / "demo.yaml"
    detections: Path = POLICIES / "demo-detections.yaml"
    scrape_interval_s: float = 0.5
    notifier_file: Path | None = None
    """Who is told through what; without it there is no notifier, and nobody is told."""
    session_timeout_s: float = 10.0
    environment: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """More settings for a process, by its name."""
    nice: Mapping[str, int] = field(default_factory=dict)
    """Which processes let others go first, by name, and how much: as nice(1) counts it."""


class Stack:
    """Start it, use its addresses, stop it. `tend` brings back a process that has died."""

    def __init__(
        self, folder: Path, options: Options | None = None, progress: Reporter | None = None
    ) -> None:
        self.folder = folder
        self.options = options or Options()
        self.progress = progress or Quiet()
        self.kafka = Kafka(folder / "kafka", progress=self.progress)
        self.cluster = self._cluster()
        self.command_keys = CommandKeys(folder / "keys")
        self.processes: dict[str, Child] = {}
        self.restarts: dict[str, int] = {}
        self.names = PROCESSES + (("notifier",) if self.options.notifier_file else ())
        self._ports = dict(zip(self.names, ports.choose(len(self.names)), strict=True))

    def start(self) -> None:
        try:
            self.command_keys.make()
            with ThreadPoolExecutor(2) as pool:
                started = [pool.submit(self.kafka.start), pool.submit(self._start_cluster)]
            for one in started:
                one.result()
            self.progress.say("creating topics and publishing the policy")
            asyncio.run(self._prepare())
            self.progress.say(f"starting {', '.join(self.names)}")
            for name in self.names:
                self._launch(name)
            for name in self.names:
                self._await_ready(name)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ours first, all at once; then what they stood on."""
        with ThreadPoolExecutor(len(self.names)) as pool:
            list(pool.map(lambda child: stop_all([child]), self.processes.values()))
        self.cluster.stop()
        self.kafka.stop()

    def tend(self) -> list[str]:
        """Start what has died again, as a cluster would; gives the names."""
        died = [name for name, child in self.processes.items() if not child.alive]
        for name in died:
            self.restarts[name] = self.restarts.get(name, 0) + 1
            if self.restarts[name] > RESTARTS_MAX:
                child = self.processes[name]
                raise ChildFailed(
                    f"{name} has died {RESTARTS_MAX} times; the end of {child.log_file}:\n"
                    f"{child.log_tail()}"
                )
            self._launch(name)
        return died

    def restart(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        """Stop one of the processes and start it again, with these settings besides its own."""
        self.processes[name].stop()
        self._launch(name, environment or {})
        self._await_ready(name)

    @property
    def addresses(self) -> Mapping[str, str]:
        return {
            "kafka": self.kafka.bootstrap,
            "cluster API": self.cluster.url,
            "gateway": self.url("gateway"),
            "processor health": self.url("processor"),
            "executor health": self.url("executor"),
            "logs": str(self.folder / "logs"),
        }

    def url(self, name: str) -> str:
        return f"http://{ports.HOST}:{self._ports[name]}"

    def _cluster(self) -> Cluster | RealCluster:
        folder, name = self.folder / "cluster", self.options.cluster
        if self.options.real_cluster:
            return RealCluster(folder, name, self.progress)
        return Cluster(folder, cluster_name=name)

    def _start_cluster(self) -> None:
        kind = "a real control plane" if self.options.real_cluster else "the sandbox cluster"
        self.progress.say(f"starting {kind} with checkout")
        self.cluster.start()
        deploy_shop(self.cluster.access)

    async def _prepare(self) -> None:
        options = self.options
        policy, source = load_file(options.policy)
        await topics.create(
            self.kafka.bootstrap,
            options.prefix,
            options.tape_partitions,
            extra=faust_topics(ProcessorSettings(topic_prefix=options.prefix)),
        )
        control = policy_control(policy, source, "the stack's own policy")
        await publish(self.kafka.bootstrap, options.prefix, control)

    def _launch(self, name: str, environment: Mapping[str, str] = NOTHING) -> None:
        child = Child(
            name,
            [*self._nicely(name), sys.executable, "-m", "deploy.cli.main", name],
            log_file=self.folder / "logs" / f"{name}.log",
            env={**os.environ, **self._environment(name), **environment},
        )
        child.start()
        self.processes[name] = child

    def _nicely(self, name: str) -> list[str]:
        much = self.options.nice.get(name)
        return ["nice", "-n", str(much)] if much else []

    def _environment(self, name: str) -> dict[str, str]:
        options, port = self.options, str(self._ports[name])
        settings = {
            "BOOTSTRAP": self.kafka.bootstrap,
            "TOPIC_PREFIX": options.prefix,
            "TAPE_PARTITIONS": str(options.tape_partitions),
            "CLUSTER": options.cluster,
            "DATA_DIR": str(self.folder / name),
            **self._keys_of(name),
            "WEB_PORT": port,
            "PORT": port,
            "SESSION_TIMEOUT_S": str(options.session_timeout_s),
            "DETECTIONS_FILE": str(options.detections),
            "TARGETS_URL": f"{self.cluster.discovery}/targets",
            "INTERVAL_S": str(options.scrape_interval_s),
            "METRICS": "checkout_",
            **({"NOTIFIER_FILE": str(file)} if (file := options.notifier_file) else {}),
            "CLUSTERS": json.dumps({options.cluster: dict(self.cluster.address)}),
        }
        ours = {f"MENDLOG_{key}": value for key, value in settings.items()}
        return {**ours, **options.environment.get(name, {})}

    def _keys_of(self, name: str) -> dict[str, str]:
        """The private one to nobody but the processor."""
        if name == "processor":
            return {"COMMAND_KEY": str(self.command_keys.private)}
        return {"COMMAND_KEYS": str(self.command_keys.public)} if name == "executor" else {}

    def _await_ready(self, name: str) -> None:
        child = self.processes[name]
        wait_until(
            lambda: answers(f"{self.url(name)}/-/ready"),
            timeout_s=READY_S,
            what=f"{name} to be ready",
            child=child,
        )


ACCEPT_FIRST: Mapping[str, int] = {"processor": 5}
"""On cores that they share the gateway goes before what decides: what is accepted is safe."""
PROCESSES = ("gateway", "processor", "executor", "scraper")


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
