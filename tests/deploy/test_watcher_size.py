"""5,000 pods as large as real ones: what the watcher's process takes of memory at most."""

import json
from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from tests.deploy.watcher_size import PODS, large_pod, peak_mib_following

RSS_MAX_MIB = 200
"""Measured 103 on 2 vCPU with Python 3.11, and 112 with each of the pods in a crash loop."""


@pytest.mark.broker
@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="needs Linux's account of memory"
)
async def test_five_thousand_pods_fit(kafka: Kafka, tmp_path: Path) -> None:
    assert len(json.dumps(large_pod(0))) > 12_000
    prefix = f"s{tmp_path.name.replace('_', '-')}"
    taken = await peak_mib_following(kafka.bootstrap, prefix)
    print(f"{PODS} pods: {taken:.0f} MiB at most")
    assert taken < RSS_MAX_MIB
