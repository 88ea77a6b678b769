"""`make bench`: every figure of bench/README.md, printed and kept as JSON."""

import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from bench import (
    bare,
    decide,
    detection,
    detectors,
    executor,
    goals,
    growth,
    latency,
    parse,
    processor,
    remote_write,
    start,
    storm,
    throughput,
    watcher,
)
from bench.calm import Stolen, is_calm
from bench.figures import percentiles
from bench.stack import bench_stack
from deploy.sandbox.progress import reporter
from deploy.sandbox.stack import Stack
from deploy.sandbox.workloads import deploy_idle
from schemas.remediation import CommandKind

ALERTS = int(os.environ.get("BENCH_ALERTS", "50000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
INCIDENTS = int(os.environ.get("BENCH_INCIDENTS", "1000"))
LOOKS_PER_S, ACTS_PER_S = (10, 100, 1000), 10
LOOK_ROUNDS_MAX = 3
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    stolen = Stolen()
    core = {**decide.figures(), "profile": decide.profile()}
    print("the core alone: " + ", ".join(f"{k} {v}" for k, v in core.items() if k != "profile"))
    with tempfile.TemporaryDirectory(prefix="mendlog-bench-") as folder:
        stack = bench_stack(Path(folder))
        stack.progress = reporter()
        stack.start()
        try:
            figures = asyncio.run(measure(stack))
        finally:
            stack.stop()
    worker = processor.figures()
    figures = {
        **figures,
        "decide": core,
        "executor": executor.figures(),
        "processor": worker,
        "storm": storm.figures(),
        "growth": growth.figures(),
        "parse": parse.figures(),
        "remote_write": remote_write.figures(),
        "detection": {**detection.figures(), "detectors": detectors.figures()},
        "watcher": watcher.figures(),
        "help_s": start.help_s(),
        "stolen_percent": stolen.percent(),
    }
    goals.show(figures)
    keep(figures)
    return 0


async def measure(stack: Stack) -> dict[str, Any]:
    targets = [f"idle-{n}" for n in range(INCIDENTS // 10)]
    for target in targets:
        await asyncio.to_thread(deploy_idle, stack.cluster.url, target)
    _, acts = await latency.posts_to_commands_ms(stack, targets, ACTS_PER_S, CommandKind.ACT)
    # Whoever answers looks would take the cores that production gives to other machines.
    await asyncio.to_thread(stack.processes["executor"].stop)
    looks = {per_s: await _looks(stack, per_s) for per_s in LOOKS_PER_S}
    ours: list[float] = []
    bares: list[float] = []
    for number in range(ROUNDS):
        sent = throughput.alerts(ALERTS, f"run-{number}")
        topic = f"bench-bare-{number}"
        await bare.load(stack.kafka.bootstrap, topic, sent)
        bares.append(await bare.alerts_per_s(stack.kafka.bootstrap, topic, len(sent)))
        ours.append(await throughput.decided_per_s(stack, sent))
        print(f"round {number + 1}: ours {ours[-1]:,.0f}/s, bare {bares[-1]:,.0f}/s")
    return {
        "alerts": ALERTS,
        "decided_per_s": round(statistics.median(ours)),
        "bare_per_s": round(statistics.median(bares)),
        "ratio": round(statistics.median(o / b for o, b in zip(ours, bares, strict=True)), 3),
        "rounds": {"ours": [round(v) for v in ours], "bare": [round(v) for v in bares]},
        "look_ms": looks[100],
        "look_ms_by_rate": {str(per_s): found for per_s, found in looks.items()},
        "act_ms": percentiles(acts),
    }


async def _looks(stack: Stack, per_s: int) -> dict[str, float]:
    """As in `calm`, on one stack: new incidents each time."""
    rounds: list[dict[str, float]] = []
    while len(rounds) < LOOK_ROUNDS_MAX and not any(map(is_calm, rounds)):
        names = [f"new-{per_s}-{len(rounds)}-{n}" for n in range(min(INCIDENTS, 20 * per_s))]
        stolen = Stolen()
        looks, _ = await latency.posts_to_commands_ms(stack, names, per_s, CommandKind.LOOK)
        rounds.append({**percentiles(looks), "stolen_percent": stolen.percent()})
        print(f"looks at {per_s}/s: {rounds[-1]}")
    return min(rounds, key=lambda found: found["stolen_percent"])


def keep(figures: dict[str, Any]) -> None:
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    machine = {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "system": platform.system(),
        "architecture": platform.machine(),
    }
    path = RESULTS / f"{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps({"at": now.isoformat(), "machine": machine, **figures}, indent=1))
    print(f"\nkept in {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")


if __name__ == "__main__":
    sys.exit(main())
