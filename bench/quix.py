"""Quix Streams beside us: a peer that keeps state per key in a log as well.

It is no dependency of ours, so it has a venv of its own, which `make .cache/quix/bin/python` makes.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.ids import fingerprint

PYTHON = Path(__file__).parent.parent / ".cache" / "quix" / "bin" / "python"
WORKER = Path(__file__).parent / "quix_worker.py"
WITHIN_S = 300.0


def per_s(
    bootstrap: str, topic: str, alerts: Sequence[dict[str, object]], folder: Path
) -> int | None:
    """None where it is not installed."""
    if not PYTHON.exists():
        print("quix: not measured; `make .cache/quix/bin/python` installs it", file=sys.stderr)
        return None
    asyncio.run(_load(bootstrap, topic, alerts))
    done = subprocess.run(
        [str(PYTHON), str(WORKER), bootstrap, topic, str(len(alerts)), str(folder)],
        capture_output=True,
        text=True,
        check=True,
        timeout=WITHIN_S,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["alerts"] == len(alerts)
    return int(found["per_s"])


async def _load(bootstrap: str, topic: str, alerts: Sequence[dict[str, object]]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=50, max_batch_size=1 << 20)
    await producer.start()
    for alert in alerts:
        key = fingerprint(alert["labels"]).encode()  # type: ignore[arg-type]
        await producer.send(topic, json.dumps(alert).encode(), key=key)
    await producer.stop()
