"""Settings of the processor side, read once from `MENDLOG_*`."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.broker import broker_address

BrokerAddress = Annotated[str, AfterValidator(broker_address)]
Port = Annotated[int, Field(ge=0, lt=65536)]
"""0: any that is free."""
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(gt=0)]
REPEAT_MOST_S = 120.0
"""Half of what a repeat is good for, so that one may be lost."""


class KafkaSettings(BaseSettings):
    """What every process of the platform must know about the broker."""

    model_config = SettingsConfigDict(env_prefix="MENDLOG_", frozen=True)

    bootstrap: BrokerAddress = "127.0.0.1:9092"
    topic_prefix: str = "mendlog"
    tape_partitions: Count = 32
    """Partitions of the tape and its kin; fixed for the tape's life."""
    registry_url: str = ""
    """A Confluent-compatible schema registry; empty for none."""


class ProcessorSettings(KafkaSettings):
    agents: str = "observe,relay,detect,decide"
    app_id: str = ""
    """The workers' consumer group; that of the topics' prefix when empty."""
    data_dir: Path = Path("/var/lib/mendlog")
    """One folder per worker, for Faust's windowed tables of `detect`."""
    web_port: Port = 0
    """Health and metrics of this worker, on loopback unless `web_host` says otherwise; 0: any."""
    web_host: str = "127.0.0.1"
    session_timeout_s: Seconds = 10.0
    group_records_max: Count = 64
    queue_records_max: Count = 1000
    tick_idle_s: Seconds = 30.0
    """An idle partition gets a tick this often, so that its journal is written within the
    compaction lag."""
    detections_file: Path | None = None
    control_authors_file: Path | None = None
    """Whose key is whose; without it no order is verified. See docs/people.md."""
    command_key: Path | None = None
    """The private key by which executors know our commands; without it none is signed. See
    docs/safety.md."""
    cluster: str = ""
    """The cluster of alerts whose source is not registered and that carry no `cluster` label."""

    @property
    def group(self) -> str:
        """By which Faust also names its table's topic, so two prefixes share nothing."""
        return self.app_id or self.topic_prefix


class GatewaySettings(KafkaSettings):
    host: str = "127.0.0.1"
    port: Port = 9093
    sources_file: Path | None = None
    produce_timeout_s: Seconds = 5.0
    body_timeout_s: Seconds = 10.0
    """For a body to arrive, from its first byte to its last."""
    in_flight_bytes_max: Count = 64 * 1024 * 1024
    port_file: Path | None = None
    """Where to write the port that was really bound; for port 0."""


class ScraperSettings(KafkaSettings):
    targets_url: str = ""
    """A Prometheus HTTP service discovery address."""
    interval_s: Seconds = 15.0
    timeout_s: Seconds = 5.0
    metrics: str = ""
    """Comma-separated prefixes of the metric names to keep; empty keeps all."""
    web_port: Port = 0
    """Health and metrics of the scraper itself, on loopback unless `web_host` says otherwise."""
    web_host: str = "127.0.0.1"


class WatcherSettings(KafkaSettings):
    cluster: str = ""
    """The one that is watched, by the name that it has here."""
    request_timeout_s: Seconds = 30.0
    """For one page of a list."""
    silent_s: Seconds = 150.0
    """A watch that says nothing for so long is dead; bookmarks come each minute."""
    repeat_s: Annotated[Seconds, Field(le=REPEAT_MOST_S)] = 60.0
    """How often what still fires is said again; each time it is good for four minutes."""
    web_port: Port = 0
    """Health and metrics of the watcher itself, on loopback unless `web_host` says otherwise."""
    web_host: str = "127.0.0.1"


class PeopleSettings(KafkaSettings):
    """Of the commands by which people give orders."""

    author: str = ""
    """Who gives the order; the operating system's user when empty."""
    control_key_file: Path | None = None
    """The author's private key; without it the order is not verified."""
    cluster: str = ""
    """The one that is meant where none is named."""
