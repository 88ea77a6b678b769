"""The labels of what is measured, apart from those of what is measured on it."""

from streams.ingest.gateway.source import CLUSTER

TARGET = (CLUSTER, "region", "account", "namespace", "service", "pod", "node", "job", "instance")
"""The labels of what is measured; all others are the sample's own. The samples of one pod's
containers stay together: a detection takes all samples of a pod at one moment for one reading."""

Target = tuple[str, ...]
"""The values of TARGET, empty where a label is absent."""
