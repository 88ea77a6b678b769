"""Putting the watcher together: what it hears is of `streams`, how a cluster is reached is of
`remediators`."""

from remediators.adapters.kubernetes.access import BadClusterAddress
from remediators.adapters.kubernetes.stream import WatchedServer
from remediators.clusters import ClusterAddress
from remediators.settings import ExecutorSettings
from streams.ingest.kubernetes.kinds import KINDS
from streams.ingest.kubernetes.watcher import run_watcher
from streams.ingest.refusal import BadConfiguration
from streams.settings import WatcherSettings

HERE = ClusterAddress(in_cluster=True)
NOT_HERE = " This is not in a cluster: set MENDLOG_CLUSTERS or MENDLOG_CLUSTERS_FILE."


def run(settings: WatcherSettings) -> int:
    """Raises BadConfiguration, and BadFile for a file of clusters that cannot be used."""
    if not settings.cluster:
        raise BadConfiguration("MENDLOG_CLUSTER must name the cluster that is watched")
    address = address_of(settings.cluster)
    try:
        server = WatchedServer(address, settings.request_timeout_s, settings.silent_s, len(KINDS))
    except BadClusterAddress as fault:
        where = NOT_HERE if address is HERE else ""
        raise BadConfiguration(f"{settings.cluster} cannot be reached: {fault}{where}") from None
    return run_watcher(settings, server)


def address_of(cluster: str) -> ClusterAddress:
    """As the executor is told it; where nothing is told, the cluster that this runs in."""
    addresses = ExecutorSettings().all_clusters()
    if addresses and cluster not in addresses:
        raise BadConfiguration(f"MENDLOG_CLUSTERS names no {cluster}, but {', '.join(addresses)}")
    return addresses.get(cluster, HERE)
