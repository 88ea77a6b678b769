"""What reading an alert costs, by source: the gateway's check of a body, and `observe`'s reading.

Every format reads its own corpus, the bodies of `tests/streams/ingest/fixtures` that hold alerts;
beside it stands what it takes to make plain values of the same bytes. Three formats read deliveries
of 64, too: alerts never seen before, and the same again. Proofs such as a signature are not in it.

    python -m bench.parse               the figures
    python -m bench.parse --profile     where the three spend their time, most first
"""

import argparse
import cProfile
import io
import json
import pstats
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import process_time
from typing import Any

import msgspec

from bench.throughput import alerts
from schemas.alerts import Alert
from schemas.codec import encode
from streams.ingest.formats.alertmanager import API_V2, WEBHOOK
from streams.ingest.formats.avro_alert import AVRO
from streams.ingest.formats.catalog import FORMATS, read
from streams.ingest.gateway.scope import check_within
from streams.ingest.gateway.source import Source

CORPUS = Path(__file__).parent.parent / "tests" / "streams" / "ingest" / "fixtures"
RECEIVED_MS = 1_793_527_260_000
SENDER = Source("bench")
DELIVERY, DELIVERIES = 64, 40
ROUNDS, ROUND_S = 7, 0.02
GRAFANA = "grafana"
Work = Callable[[bytes], object]


def figures() -> dict[str, Any]:
    return {
        "formats": {name: corpus_us(name) for name in FORMATS},
        "deliveries": {name: delivery_us(name) for name in WRAPPED},
    }


def corpus_us(name: str) -> dict[str, float]:
    """What an alert of its corpus costs when it is read for the second time and later."""
    check, reading = works(name)
    bodies = list(corpus(name))
    count = sum(_count(name, body) for body in bodies)
    found = {
        "bodies": len(bodies),
        "alerts": count,
        "read_us": best_us(reading, bodies, count),
    }
    if FORMATS[name].path is not None:  # Avro comes past the gateway.
        found["check_us"] = best_us(check, bodies, count)
        found["values_us"] = best_us(msgspec.json.decode, bodies, count)
    return found


def delivery_us(name: str) -> dict[str, float]:
    check, reading = works(name)
    bodies = list(deliveries(name, "repeat"))
    count = DELIVERY * len(bodies)
    assert count == sum(_count(name, body) for body in bodies)
    found = {}
    for what, work in (("check", check), ("read", reading)):
        firsts = [
            spent_s(work, list(deliveries(name, f"{what}-{turn}"))) / count * 1e6
            for turn in range(3)
        ]
        found[f"{what}_first_us"] = round(min(firsts), 2)
        found[f"{what}_again_us"] = best_us(work, bodies, count)
    return {
        **found,
        "values_us": best_us(msgspec.json.decode, bodies, count),
        "python_values_us": best_us(json.loads, bodies, count),
    }


def works(name: str) -> tuple[Work, Work]:
    """The very calls of the gateway and of `observe`."""
    format = FORMATS[name]
    return (
        lambda body: check_within(SENDER, format, body, RECEIVED_MS),
        lambda body: read(body, SENDER.name, name, RECEIVED_MS),
    )


def corpus(name: str) -> Iterator[bytes]:
    if name == AVRO:
        yield from _in_avro()
        return
    for case in sorted((CORPUS / name).glob("*.json")):
        body = case.read_bytes()
        if not case.name.endswith(".parsed.json") and _count(name, body):
            yield body


def _in_avro() -> Iterator[bytes]:
    """What Prometheus' corpus holds, as a producer of records would write it."""
    for body in corpus(API_V2):
        for seen in read(body, SENDER.name, API_V2, RECEIVED_MS).sightings:
            yield encode(Alert(seen.labels, seen.annotations, seen.starts_at_ms, seen.ends_at_ms))


def _count(name: str, body: bytes) -> int:
    return len(read(body, SENDER.name, name, RECEIVED_MS).sightings)


def _hook(sent: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    alerts = [{**one, "status": "firing", "endsAt": "0001-01-01T00:00:00Z"} for one in sent]
    return {"version": "4", "status": "firing", "truncatedAlerts": 0, "alerts": alerts}


def _grafana(sent: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    pages = {f"{page}URL": f"https://grafana.example/{page}?orgId=1" for page in PAGES}
    more = {**pages, "values": {"B": 44.23943737541908, "C": 1}, "valueString": "[ var='B' ]"}
    return _hook([{**one, **more} for one in sent])


PAGES = ("silence", "dashboard", "panel")
WRAPPED: Mapping[str, Callable[[Sequence[Mapping[str, Any]]], object]] = {
    API_V2: list,
    WEBHOOK: _hook,
    GRAFANA: _grafana,
}
"""A delivery of the most used formats, of alerts as Prometheus has them."""


def deliveries(name: str, run: str) -> Iterator[bytes]:
    sent = alerts(DELIVERY * DELIVERIES, f"{name} {run}")
    for begin in range(0, len(sent), DELIVERY):
        yield json.dumps(WRAPPED[name](sent[begin : begin + DELIVERY])).encode()


def best_us(work: Work, bodies: Sequence[bytes], count: int) -> float:
    """Of the rounds that least came between: per alert, each body read before."""
    times = max(1, round(ROUND_S / max(1e-6, spent_s(work, bodies))))
    rounds = [spent_s(work, bodies, times) for _ in range(ROUNDS)]
    return round(min(rounds) / times / count * 1e6, 2)


def spent_s(work: Work, bodies: Sequence[bytes], times: int = 1) -> float:
    began_s = process_time()
    for _ in range(times):
        for body in bodies:
            work(body)
    return process_time() - began_s


def profile(name: str, run: str, lines: int = 12) -> list[str]:
    """The same deliveries three times."""
    _, reading = works(name)
    bodies, seen = list(deliveries(name, run)) * 3, cProfile.Profile()
    seen.enable()
    spent_s(reading, bodies)
    seen.disable()
    out = io.StringIO()
    pstats.Stats(seen, stream=out).strip_dirs().sort_stats("tottime").print_stats(lines)
    found = out.getvalue().split("filename:lineno(function)\n")[-1]
    return [" ".join(line.split()) for line in found.splitlines() if line.strip()]


def main() -> int:
    parser = argparse.ArgumentParser(description="What reading an alert costs, by source.")
    parser.add_argument("--profile", action="store_true", help="of the most used formats")
    if not parser.parse_args().profile:
        print(json.dumps(figures(), indent=1))
        return 0
    for name in WRAPPED:
        print(f"{name}: calls, own s, per call, with callees s, per call, what:")
        print("", *profile(name, "profile"), sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
