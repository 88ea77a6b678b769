"""Putting the executor together: which adapters stand behind its ports. Nobody else chooses."""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import structlog
import yaml

from remediators.adapters.kafka.session import Session, open_session
from remediators.adapters.kafka.topics import Broker
from remediators.adapters.kubernetes.client import ApiServer, BadClusterAddress
from remediators.adapters.kubernetes.cluster import KubernetesCluster
from remediators.executor.job import Means
from remediators.executor.loop import Executor, Limits
from remediators.executor.metrics import Metrics
from remediators.executor.pulse import Pulse
from remediators.executor.web import Web
from remediators.ports import BrokerLost, Cluster, Reached, not_reached
from remediators.settings import ExecutorSettings

EXIT_FAULT = os.EX_SOFTWARE
"""Starting again may help."""
EXIT_CONFIG = os.EX_CONFIG
"""Starting again will not help, somebody has to act first."""

log = structlog.get_logger()


def run_executor(settings: ExecutorSettings, reached: Reached = not_reached) -> int:
    """Until SIGTERM or SIGINT, or a fault; gives the process's exit code."""
    try:
        clusters = open_clusters(settings, reached)
    except (BadClusterAddress, OSError, yaml.YAMLError, ValueError) as fault:
        log.error("clusters_unusable", fault=str(fault))
        return EXIT_CONFIG
    try:
        asyncio.run(_serve(settings, clusters, reached))
    except Exception as fault:
        _report(fault)
        return EXIT_FAULT
    return os.EX_OK


def open_clusters(settings: ExecutorSettings, reached: Reached) -> Mapping[str, Cluster]:
    """Reads credentials, and calls nobody."""
    threads = settings.threads_per_cluster
    return {
        name: KubernetesCluster(
            ApiServer(address, settings.request_timeout_s, threads), name, threads, reached
        )
        for name, address in settings.all_clusters().items()
    }


async def _serve(
    settings: ExecutorSettings, clusters: Mapping[str, Cluster], reached: Reached
) -> None:
    async with AsyncExitStack() as opened:
        for cluster in clusters.values():
            opened.push_async_callback(cluster.close)
        session = await opened.enter_async_context(open_session(_broker(settings)))
        metrics = Metrics()
        executor = _executor(settings, clusters, session, metrics, reached)
        web = Web(settings.web_host, settings.web_port, metrics.registry, executor.not_ready)
        opened.push_async_callback(web.stop)
        await web.start()
        await asyncio.to_thread(_write_port, settings.port_file, web.port)
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, executor.stop)
        log.info("executor_started", name=settings.name, clusters=sorted(clusters), port=web.port)
        await executor.run()


def _executor(
    settings: ExecutorSettings,
    clusters: Mapping[str, Cluster],
    session: Session,
    metrics: Metrics,
    reached: Reached,
) -> Executor:
    pulse = Pulse(
        session.switches, settings.name, settings.heartbeat_s, settings.heartbeat_age_max_s
    )
    means = Means(clusters, pulse, metrics, reached, settings.actions_per_hour_max)
    # A rebalance waits for us no longer than a session.
    grace_s = min(settings.stop_grace_s, settings.session_timeout_s / 2)
    limits = Limits(settings.in_flight_max, grace_s)
    return Executor(settings.name, session.inbox, session.outcomes, pulse, means, limits)


def _broker(settings: ExecutorSettings) -> Broker:
    return Broker(
        bootstrap=settings.bootstrap,
        prefix=settings.topic_prefix,
        partitions=settings.tape_partitions,
        timeout_s=settings.produce_timeout_s,
        session_timeout_s=settings.session_timeout_s,
        group_id=settings.group_id,
    )


def _write_port(path: Path | None, port: int) -> None:
    """Whole or not at all: somebody may be waiting to read it."""
    if path is not None:
        partial = path.with_name(f"{path.name}.partial")
        partial.write_text(f"{port}\n")
        partial.replace(path)


def _report(fault: BaseException) -> None:
    """Of what several tasks raised together, the first is the cause."""
    while isinstance(fault, BaseExceptionGroup):
        fault = fault.exceptions[0]
    if isinstance(fault, BrokerLost):
        log.error("broker_lost", fault=str(fault))
    else:
        log.error("executor_failed", fault=repr(fault), exc_info=fault)
