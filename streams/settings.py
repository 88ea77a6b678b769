"""Settings of the processor side, read once from `MENDLOG_*`."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class KafkaSettings(BaseSettings):
    """What every process of the platform must know about the broker."""

    model_config = SettingsConfigDict(env_prefix="MENDLOG_", frozen=True)

    bootstrap: str = "127.0.0.1:9092"
    topic_prefix: str = "mendlog"
    tape_partitions: int = 32
    """Partitions of the tape and its kin; fixed for the tape's life."""
    registry_url: str = ""
    """A Confluent-compatible schema registry; empty for none."""


class ProcessorSettings(KafkaSettings):
    agents: str = "observe,relay,detect,decide"
    app_id: str = ""
    """The workers' consumer group; that of the topics' prefix when empty."""
    data_dir: Path = Path("/var/lib/mendlog")
    """One folder per worker, for Faust's windowed tables of `detect`."""
    web_port: int = 0
    """Health and metrics of this worker, on loopback unless `web_host` says otherwise; 0: any."""
    web_host: str = "127.0.0.1"
    session_timeout_s: float = 10.0
    group_records_max: int = 64
    queue_records_max: int = 1000
    tick_idle_s: float = 30.0
    """An idle partition gets a tick this often, so that its journal is written within the
    compaction lag."""
    sources_file: Path | None = None
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
    port: int = 9093
    sources_file: Path | None = None
    produce_timeout_s: float = 5.0
    body_timeout_s: float = 10.0
    """For a body to arrive, from its first byte to its last."""
    in_flight_bytes_max: int = 64 * 1024 * 1024
    port_file: Path | None = None
    """Where to write the port that was really bound; for port 0."""


class ScraperSettings(KafkaSettings):
    targets_url: str = ""
    """A Prometheus HTTP service discovery address."""
    interval_s: float = 15.0
    timeout_s: float = 5.0
    metrics: str = ""
    """Comma-separated prefixes of the metric names to keep; empty keeps all."""
    web_port: int = 0
    """Health and metrics of the scraper itself, on loopback unless `web_host` says otherwise."""
    web_host: str = "127.0.0.1"


class WatcherSettings(KafkaSettings):
    cluster: str = ""
    """The one that is watched, by the name that it has here."""
    request_timeout_s: float = 30.0
    """For one page of a list."""
    silent_s: float = 150.0
    """A watch that says nothing for so long is dead; bookmarks come each minute."""
    repeat_s: float = 60.0
    """How often what still fires is said again; each time it is good for four minutes."""
    web_port: int = 0
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
