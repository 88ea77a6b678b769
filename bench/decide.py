"""The core alone, on one core of this machine: what a sighting costs, and whether that grows.

`python -m bench.decide` prints the figures and the profile's top ten.
"""

import cProfile
import gc
import hashlib
import io
import json
import pstats
import sys
import time
import tracemalloc
from collections.abc import Sequence
from itertools import islice

from schemas import sightings
from schemas.alerts import AlertStatus, Sighting
from schemas.codec import encode
from schemas.controls import ALL_CLUSTERS
from schemas.ids import fingerprint
from schemas.tape import Origin, PolicyPublished, TapeRecord, Tick
from streams.core.decide import decide
from streams.core.draft import Placed
from streams.core.entries import IncidentState
from streams.core.reasons import Reason
from streams.core.state import State
from streams.policy.book import PolicyBook
from streams.policy.load import digest_of

BATCH = 64
GROUPS = 200
PLAYBOOKS = 50
START_MS = 1_700_000_000_000

POLICY = """
version: 1
namespaces: [shop]
receivers: [people]
route:
  receiver: people
  group_by: [alertname, deployment]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
limits: {preset: production-1}
"""
RULE = """
  - source_matchers: ['alertname="Down{n}"']
    target_matchers: ['team="team-{n}"', 'severity=~"warning|info"']
    equal: [deployment]
"""
BOOK = """
  - name: book-{n}
    match: ['alertname="Alert{n}"', 'severity=~"warning|critical"']
    mode: auto
    trusted: nothing is touched
    target: {{kind: Deployment, namespace: "{{namespace}}", name: "{{deployment}}"}}
    steps:
      - action: restart
        dwell: 2m
        verify: {{first_check: 60s, every: 10s, hold: 60s, deadline: 10m, probes: [rollout]}}
      - action: escalate
"""


def policy(rules: int = 0) -> str:
    """Fifty playbooks, and as many inhibition rules as are asked for."""
    text = POLICY
    if rules:
        text += "inhibit_rules:\n" + "".join(RULE.format(n=n) for n in range(rules))
    return text + "playbooks:\n" + "".join(BOOK.format(n=n) for n in range(PLAYBOOKS))


def alert(number: int) -> Sighting:
    group = number % GROUPS
    labels = {
        "alertname": f"Alert{group % PLAYBOOKS}",
        "cluster": "eu-1",
        "namespace": "shop",
        "deployment": f"service-{group}",
        "team": f"team-{group % 86}",
        "severity": "warning",
        "pod": f"service-{group}-7d4b9c-{number:06d}",
        "instance": f"10.0.{number // 250 % 250}.{number % 250}:8080",
        "job": "kubernetes-pods",
        "region": "eu-west-1",
    }
    return Sighting(
        "prometheus",
        fingerprint(labels),
        AlertStatus.FIRING,
        START_MS,
        START_MS + 3_600_000,
        labels,
        {"summary": "too many errors", "runbook_url": "https://runbooks.example/errors"},
    )


class Bench:
    """One partition, fed as the processor feeds it."""

    def __init__(self, text: str) -> None:
        self.state, self.policies, self.offset = State(), PolicyBook(), 0
        self.at_ms = START_MS
        self.hear(TapeRecord(ALL_CLUSTERS, PolicyPublished(digest_of(text), text, "bench")))
        assert self.policies.compile(digest_of(text), text), "the bench's policy is refused"

    def hear(self, record: TapeRecord, digest: str = "") -> None:
        digest = digest or hashlib.blake2b(encode(record), digest_size=16).hexdigest()
        step = decide(self.policies, self.state, Placed(0, self.offset, self.at_ms, record, digest))
        self.state.apply(step.changes)
        self.offset += 1

    def feed(self, facts: Sequence[TapeRecord]) -> float:
        """Seconds for all of them. The digest is of the host, which has the bytes."""
        began_s = time.perf_counter()
        for record in facts:
            self.hear(record, "d" * 32)
        return time.perf_counter() - began_s


def batches(alerts: Sequence[Sighting], turn: int) -> list[TapeRecord]:
    found, left = [], iter(alerts)
    while batch := list(islice(left, BATCH)):
        origin = Origin("alerts", "one", 0, turn * 10_000_000 + len(found), 0)
        found.append(TapeRecord("eu-1", sightings.pack(batch), origin))
    return found


def figures() -> dict[str, float]:
    small, middle, large = (cost_us(active) for active in (1_000, 10_000, 100_000))
    return {
        "first_per_s": round(1e6 / middle["first"]),
        "repeats_per_s": round(1e6 / middle["repeat"]),
        "growth_first": round(large["first"] / small["first"], 2),
        "growth_repeats": round(large["repeat"] / small["repeat"], 2),
        "bytes_per_alert": round(bytes_per_alert()),
        "inhibit_86_rules_13000_alerts_s": round(inhibition_s(), 3),
    }


def cost_us(active: int, rounds: int = 3) -> dict[str, float]:
    """Of one sighting, with so many alerts active; the best of some rounds."""
    alerts = [alert(n) for n in range(active)]
    firsts, repeats = [], []
    for _ in range(rounds):
        bench = Bench(policy())
        gc.collect()
        firsts.append(bench.feed(batches(alerts, 0)) / active)
        for turn in range(1, 1 + max(1, 20_000 // active)):
            repeats.append(bench.feed(batches(alerts, turn)) / active)
    return {"first": min(firsts) * 1e6, "repeat": min(repeats) * 1e6}


def bytes_per_alert(active: int = 10_000) -> float:
    facts = batches([alert(n) for n in range(active)], 0)
    tracemalloc.start()
    bench = Bench(policy())
    before = tracemalloc.get_traced_memory()[0]
    bench.feed(facts)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return grown / active


def inhibition_s(rules: int = 86, active: int = 13_000) -> float:
    """All alerts arrive under all rules, and each incident asks whether it is inhibited."""
    bench = Bench(policy(rules))
    facts = batches([*(source(n) for n in range(rules)), *(alert(n) for n in range(active))], 0)
    gc.collect()
    spent_s = bench.feed(facts)
    bench.at_ms += 31_000  # every group's wait is over
    tick = TapeRecord(ALL_CLUSTERS, Tick(bench.at_ms))
    spent_s += bench.feed([tick, tick])  # one works off 256 deadlines
    incidents = (e for _, e in bench.state.items() if isinstance(e, IncidentState))
    inhibited = sum(i.reason == Reason.INHIBITED for i in incidents)
    assert inhibited == rules, f"{inhibited} incidents are inhibited"
    return spent_s


def source(number: int) -> Sighting:
    labels = {
        "alertname": f"Down{number}",
        "deployment": f"service-{number}",
        "severity": "critical",
    }
    return Sighting("prometheus", fingerprint(labels), AlertStatus.FIRING, START_MS, 0, labels, {})


def profile(lines: int = 10) -> list[str]:
    """Where the time goes, most first: firsts and two rounds of repeats."""
    alerts = [alert(n) for n in range(10_000)]
    bench, seen = Bench(policy()), cProfile.Profile()
    facts = [fact for turn in range(3) for fact in batches(alerts, turn)]
    seen.enable()
    bench.feed(facts)
    seen.disable()
    out = io.StringIO()
    pstats.Stats(seen, stream=out).strip_dirs().sort_stats("tottime").print_stats(lines)
    table = out.getvalue().split("filename:lineno(function)\n")[-1]
    return [" ".join(line.split()) for line in table.splitlines() if line.strip()]


def main() -> int:
    print(json.dumps(figures(), indent=1))
    print("calls, own s, per call, with callees s, per call, what:", *profile(), sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
