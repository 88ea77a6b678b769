"""Putting the executor together: which adapters stand behind its ports. Nobody else chooses."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack

import structlog

from remediators.actions.plan import Kit
from remediators.adapters.flags.file import RegisteredFlag, read_flags
from remediators.adapters.flags.opening import open_flags
from remediators.adapters.git.file import RegisteredRepository, read_repositories
from remediators.adapters.git.place import Commits
from remediators.adapters.http import HttpPages, HttpPrometheus
from remediators.adapters.job_templates import read_job_templates
from remediators.adapters.kafka.inbox import Keys
from remediators.adapters.kafka.session import Session, open_session
from remediators.adapters.kafka.topics import broker_of
from remediators.adapters.kubernetes.access import BadClusterAddress
from remediators.adapters.kubernetes.circuit import Told
from remediators.adapters.kubernetes.client import ApiServer
from remediators.adapters.kubernetes.cluster import KubernetesCluster
from remediators.adapters.kubernetes.events import EventHerald
from remediators.adapters.machines.opening import open_machines
from remediators.adapters.places import Places
from remediators.clusters import ApiLimits, ClusterAddress
from remediators.core.floor import Floor
from remediators.core.hosts import Hosts
from remediators.core.scope import Scope
from remediators.executor.job import Means
from remediators.executor.loop import Executor, Limits
from remediators.executor.metrics import Metrics
from remediators.executor.pulse import Pulse
from remediators.ports import Cluster, Outlook, Reached, not_reached, tell_nobody
from remediators.process import EXIT_CONFIG, exit_code_of, serve
from remediators.reading import BadFile
from remediators.settings import ExecutorSettings
from schemas.kinds import COMMIT, FLAG, INSTANCE
from schemas.signing import BadKey, read_public_keys

EVENTS = ApiLimits(requests_per_s=5, burst=25)
EVENT_TIMEOUT_S = 5.0
ONE_NAME = "under two names it would be changed by two at a time, and have twice its limits"

log = structlog.get_logger()


def run_executor(settings: ExecutorSettings, reached: Reached = not_reached) -> int:
    """Until SIGTERM or SIGINT, or a fault; gives the process's exit code."""
    metrics = Metrics()
    try:
        clusters = open_clusters(settings, metrics, reached)
        outlook = open_outlook(settings)
        keys = open_keys(settings)
        kit = open_kit(settings)
        herald = open_herald(settings, metrics)
    except (BadClusterAddress, BadFile, BadKey, OSError, ValueError) as fault:
        log.error("settings_unusable", fault=str(fault))
        return EXIT_CONFIG
    return exit_code_of(_serve(settings, clusters, metrics, outlook, keys, kit, herald, reached))


def open_clusters(
    settings: ExecutorSettings, metrics: Metrics, reached: Reached
) -> Mapping[str, Cluster]:
    """Reads credentials, and calls nobody. Each has its own threads, circuit and limit: what one
    of them costs, the others do not pay. Raises BadClusterAddress."""
    threads, timeout_s = settings.threads_per_cluster, settings.request_timeout_s
    flags, repositories = registered_flags(settings), registered_repositories(settings)
    named: dict[str, str] = {}

    def home(name: str, address: ClusterAddress) -> Cluster:
        server = ApiServer(address, timeout_s, threads, _tell(name, metrics))
        if (other := named.setdefault(server.host, name)) != name:
            raise BadClusterAddress(f"{other} and {name} are both {server.host}: {ONE_NAME}")
        return KubernetesCluster(server, name, threads, reached)

    def elsewhere(name: str) -> Mapping[str, Cluster]:
        here = {key: each for key, each in repositories.items() if each.cluster in ("", name)}
        return {
            FLAG: open_flags(name, flags, timeout_s, reached),
            INSTANCE: open_machines(settings.machines.get(name), timeout_s, reached),
            COMMIT: Commits(here, settings.git_timeout_s, reached),
        }

    return {
        name: Places(home(name, address), elsewhere(name))
        for name, address in settings.all_clusters().items()
    }


def registered_flags(settings: ExecutorSettings) -> Mapping[str, RegisteredFlag]:
    """Raises BadFile."""
    return read_flags(settings.flags_file) if settings.flags_file else {}


def registered_repositories(settings: ExecutorSettings) -> Mapping[str, RegisteredRepository]:
    """Raises BadFile."""
    return read_repositories(settings.repos_file) if settings.repos_file else {}


def open_kit(settings: ExecutorSettings) -> Kit:
    """Raises BadFile."""
    flags = {name: flag.plain(name) for name, flag in registered_flags(settings).items()}
    repositories = {n: r.plain(n) for n, r in registered_repositories(settings).items()}
    jobs = read_job_templates(settings.jobs_file) if settings.jobs_file else {}
    return Kit(settings.degraded_param, flags=flags, jobs=jobs, repositories=repositories)


def _tell(cluster: str, metrics: Metrics) -> Told:
    metrics.left_alone(cluster, False)

    def tell(left_alone: bool, why: str) -> None:
        metrics.left_alone(cluster, left_alone)
        log.warning(
            "cluster_left_alone" if left_alone else "cluster_back", cluster=cluster, why=why
        )

    return tell


def open_herald(settings: ExecutorSettings, metrics: Metrics) -> EventHerald | None:
    """With connections, a circuit and a limit of its own: what is told must not wait before what
    is done, nor be counted against it."""
    if not settings.events:
        return None

    def server(address: ClusterAddress) -> ApiServer:
        limited = address.model_copy(update={"limits": EVENTS})
        return ApiServer(limited, EVENT_TIMEOUT_S, 1)

    servers = {name: server(address) for name, address in settings.all_clusters().items()}
    return EventHerald(servers, settings.name, metrics.told)


def open_outlook(settings: ExecutorSettings) -> Outlook:
    """Raises ValueError for a host or an address that is none. Calls nobody."""
    prometheus = {name: HttpPrometheus(url) for name, url in settings.prometheus_urls.items()}
    return Outlook(HttpPages(Hosts.of(settings.probe_hosts)), prometheus)


def open_keys(settings: ExecutorSettings) -> Keys | None:
    """Raises BadKey."""
    if settings.command_keys is None:
        log.warning("commands are not verified: set MENDLOG_COMMAND_KEYS, see docs/safety.md")
        return None
    return read_public_keys(settings.command_keys)


async def _serve(
    settings: ExecutorSettings,
    clusters: Mapping[str, Cluster],
    metrics: Metrics,
    outlook: Outlook,
    keys: Keys | None,
    kit: Kit,
    herald: EventHerald | None,
    reached: Reached,
) -> None:
    async with AsyncExitStack() as opened:
        if herald is not None:
            opened.push_async_callback(asyncio.to_thread, herald.close)
        for cluster in clusters.values():
            opened.push_async_callback(cluster.close)
        broker = broker_of(settings, settings.group_id)
        session = await opened.enter_async_context(open_session(broker, keys))
        pulse = Pulse(
            session.switches, settings.name, settings.heartbeat_s, settings.heartbeat_age_max_s
        )
        means = Means(
            clusters,
            pulse,
            metrics,
            reached,
            settings.actions_per_hour_max,
            outlook,
            Scope(settings.target_namespace, settings.target_deployment),
            kit,
            settings.enabled,
            Floor(settings.min_healthy_percent),
            herald.tell if herald else tell_nobody,
        )
        executor = _executor(settings, session, pulse, means)
        log.info("executor_starts", clusters=sorted(clusters))
        await serve(settings, metrics.registry, executor)


def _executor(settings: ExecutorSettings, session: Session, pulse: Pulse, means: Means) -> Executor:
    limits = Limits(settings.in_flight_max, settings.held_max, settings.grace_s)
    return Executor(settings.name, session.inbox, session.outcomes, pulse, means, limits)
