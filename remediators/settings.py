"""Settings of the executor and of the notifier, read once from `MENDLOG_*`."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from remediators.clusters import ClusterAddress, Count, Positive, read_clusters
from schemas.actions import ACTIONS
from schemas.broker import broker_address

Texts = Annotated[tuple[str, ...], NoDecode]
"""Between commas."""
ENVIRONMENT_NAME = "^[A-Za-z_][A-Za-z0-9_]{0,127}$"


class Ec2(BaseModel):
    """Where a cluster's machines are instances of Amazon EC2."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[a-z]+)+-[0-9]{1,2}$")]
    cluster: Annotated[str, Field(pattern=r"^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$")]
    """As in the tag `kubernetes.io/cluster/<name>` of its machines."""
    endpoint: Annotated[str, Field(pattern=r"^(https://[^@]+|http://127\.0\.0\.1:[0-9]+|)$")] = ""
    """In place of the region's own; a sandbox's."""


def _name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"


class ProcessSettings(BaseSettings):
    """What every process here needs: its broker, its name, its own small server."""

    model_config = SettingsConfigDict(env_prefix="MENDLOG_", frozen=True, populate_by_name=True)

    bootstrap: Annotated[str, AfterValidator(broker_address)] = "127.0.0.1:9092"
    topic_prefix: str = "mendlog"
    registry_url: str = ""
    """A Confluent-compatible schema registry; empty for none."""
    tape_partitions: Count = 32
    """Partitions of the topics that are read and written here, as of the tape."""
    group: str = ""
    """The consumer group; the prefix and the process's kind when empty."""
    name: str = Field(default_factory=_name)
    """Of this process, in what it records. No two at once may share one."""

    produce_timeout_s: Positive = 30.0
    session_timeout_s: Positive = 10.0
    stop_grace_s: Positive = 8.0
    """How long what is under way may go on after SIGTERM; then its successor sees to it."""

    web_host: str = "127.0.0.1"
    web_port: Annotated[int, Field(ge=0, lt=65536)] = 0
    port_file: Path | None = None
    """Where to write the port that was really bound; for port 0."""

    @property
    def grace_s(self) -> float:
        """A rebalance waits for us no longer than a session."""
        return min(self.stop_grace_s, self.session_timeout_s / 2)


class ExecutorSettings(ProcessSettings):
    clusters: Mapping[str, ClusterAddress] = Field(default_factory=dict)
    """JSON: name to address."""
    clusters_file: Path | None = None
    """The same as YAML, below `clusters:`; names of both are taken together. See
    docs/clusters.md."""
    target_namespace: str = Field(default="", validation_alias="TARGET_NAMESPACE")
    """Commands for other namespaces are refused; empty for none. Without our prefix, as one image
    is told from outside which workload it serves."""
    target_deployment: str = Field(default="", validation_alias="TARGET_DEPLOYMENT")
    """Of that namespace: commands for other workloads are refused."""
    degraded_param: str = Field(
        default="DEGRADED_MODE", validation_alias="DEGRADED_PARAM", pattern=ENVIRONMENT_NAME
    )
    """The environment variable that `degrade` sets. No command can name another."""
    repos_file: Path | None = None
    """YAML: the repositories that `revert_commit` may commit to. See docs/actions.md."""
    git_timeout_s: Positive = 60.0
    """For one call of `git`, or to a forge."""
    flags_file: Path | None = None
    """YAML: the feature flags that `set_flag` may set, and where each is kept. See
    docs/actions.md."""
    actions: Texts = ()
    """Those that it carries out, and that its rights are for; empty for all. See `mendlog executor
    rights`."""
    machines: Mapping[str, Ec2] = Field(default_factory=dict)
    """JSON: cluster to the EC2 that its nodes' machines are of, for `replace_node`."""
    jobs_file: Path | None = None
    """YAML: the Jobs that `run_job` may run, by name. See docs/actions.md."""
    request_timeout_s: Positive = 10.0
    threads_per_cluster: Count = 8
    command_keys: Path | None = None
    """A file with the public keys of processors, as `authorized_keys` has them. What none of them
    has signed is refused; without the file, nothing is verified. See docs/safety.md."""

    probe_hosts: Texts = ()
    """What the probes `http` and `metric` may ask: `host`, `host:port`, `.suffix`,
    `.suffix:port`. Empty for nothing."""
    prometheus_urls: Mapping[str, str] = Field(default_factory=dict)
    """JSON: cluster to the address of its Prometheus, for the probe `promql`."""

    heartbeat_s: Positive = 2.0
    heartbeat_age_max_s: Positive = 10.0
    """Without one read back for this long nothing is changed."""
    actions_per_hour_max: Count = 30
    """Per cluster; counted by the executor itself from `outcomes`."""
    events: bool = True
    """Whether actions and refusals are told as Kubernetes Events on their targets."""
    min_healthy_percent: Annotated[int, Field(ge=0, le=100)] = 50
    """Of a workload's pods that must be ready after some are taken away, whatever a policy says;
    one, in any case."""
    in_flight_max: Count = 64
    """Commands of one cluster that are carried out at once. The rest of them wait, and keep no
    other cluster waiting."""
    held_max: Count = 1_000
    """Commands of one partition that are fetched and not finished, those that wait included."""

    @field_validator("actions", "probe_hosts", mode="before")
    @classmethod
    def _between_commas(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        found = tuple(part for text in value.split(",") if (part := text.strip()))
        if value.strip() and not found:
            # To be set to nothing is not to be left out, which is all actions.
            raise ValueError("expected names between commas")
        return found

    @field_validator("actions")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(value) - set(ACTIONS)):
            raise ValueError(f"no action is called {', '.join(unknown)}")
        return value

    @model_validator(mode="after")
    def _bound_to_one(self) -> "ExecutorSettings":
        if self.target_deployment and not self.target_namespace:
            raise ValueError("TARGET_DEPLOYMENT needs TARGET_NAMESPACE")
        return self

    @property
    def group_id(self) -> str:
        return self.group or f"{self.topic_prefix}-executor"

    @property
    def enabled(self) -> frozenset[str]:
        return frozenset(self.actions or ACTIONS)

    def all_clusters(self) -> dict[str, ClusterAddress]:
        """Raises BadFile for a file that cannot be used."""
        if self.clusters_file is None:
            return dict(self.clusters)
        return {**read_clusters(self.clusters_file), **self.clusters}


class NotifierSettings(ProcessSettings):
    notifier_file: Path
    """Who is told through what; see docs/notifications.md."""
    request_timeout_s: Positive = 10.0
    """For one message, from the connection to the last byte of the answer."""
    retry_first_s: Positive = 1.0
    retry_most_s: Positive = 60.0
    in_flight_max: Count = 5_000
    """Notices begun and not finished. So many may wait for channels that are down."""

    @property
    def group_id(self) -> str:
        return self.group or f"{self.topic_prefix}-notifier"
