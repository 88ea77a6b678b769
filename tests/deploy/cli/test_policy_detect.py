"""`mendlog policy detect` and the detections of `mendlog policy test`, as people call them."""

import asyncio
import json
import uuid
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from deploy import topics
from deploy.cli.faults import BAD_CONFIGURATION, FAILED, USAGE
from deploy.cli.times import now_ms, shown
from deploy.sandbox.kafka import Kafka
from schemas.alerts import AlertStatus
from schemas.codec import encode
from schemas.metrics import Sample, Samples
from schemas.tape import Detection, TapeRecord, Tick
from schemas.topics import METRICS, TAPE, Topic
from tests.builders import QUICK
from tests.deploy.cli.conftest import Mendlog

RULES = """\
version: 1
detections:
  - kind: threshold
    name: HighErrors
    of: {metric: queue_depth}
    by: [cluster, queue]
    above: 100
    for: 1m
    labels: {severity: critical, namespace: shop, deployment: checkout}
"""
TESTS = """
policy: policy.yaml
detections: detections.yaml
tests:
  - name: a deep queue
    timeline:
      - {at: 0s, measures: {every: 30s, series: {'queue_depth{queue="a"}': 500x2}}}
      - {at: 1m, expect: {detections: [HighErrors], incident: looking}}
"""
START_MS = 1_700_006_400_000
MINUTE_MS = 60_000


def samples(minute: float, depth: float, start_ms: int = START_MS) -> Samples:
    at_ms = start_ms + round(minute * MINUTE_MS)
    return Samples({"cluster": "eu-1"}, at_ms, (Sample("queue_depth", {"queue": "a"}, depth),))


def line(minute: float, depth: float) -> str:
    at_ms = START_MS + round(minute * MINUTE_MS)
    sample = {"name": "queue_depth", "labels": {"queue": "a"}, "value": depth}
    return json.dumps({"labels": {"cluster": "eu-1"}, "at_ms": at_ms, "samples": [sample]}) + "\n"


@pytest.fixture(autouse=True)
def at_the_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policy.yaml").write_text(QUICK)
    Path("detections.yaml").write_text(RULES)
    Path("tests.yaml").write_text(TESTS)
    depths = [5, 500, 500, 500, 5]
    Path("samples.jsonl").write_text("".join(line(m, d) for m, d in enumerate(depths)))


# `policy test`.


def test_tests_say_in_json_what_was_detected(mendlog: Mendlog) -> None:
    done = mendlog("policy", "test", "tests.yaml", "--json")
    assert done.exit_code == 0
    (told,) = json.loads(done.out)["tests"]
    assert told["passed"]
    texts = [moment["text"] for moment in told["timeline"]]
    assert any(text.startswith("detected HighErrors firing cluster=eu-1") for text in texts)
    (found,) = told["detections"]
    assert (found["rule"], found["state"], found["since_ms"]) == ("HighErrors", "firing", 60_000)
    assert (found["value"], found["threshold"]) == (500, 100)
    assert found["series"] == [[0, 500], [30_000, 500], [60_000, 500]]


def test_rules_that_are_given_take_the_place_of_the_files(mendlog: Mendlog) -> None:
    Path("other.yaml").write_text(RULES.replace("above: 100", "above: 1000"))
    done = mendlog("policy", "test", "tests.yaml", "--detections", "other.yaml")
    assert done.exit_code == 1
    assert "detections: expected rule=HighErrors; got none" in done.out


def test_a_file_of_rules_that_is_not_there_or_not_good(mendlog: Mendlog) -> None:
    Path("tests.yaml").write_text(TESTS.replace("detections.yaml", "gone.yaml"))
    done = mendlog("policy", "test", "tests.yaml")
    assert done.exit_code == USAGE
    assert "there is no file of detections at gone.yaml" in " ".join(done.err.split())
    Path("gone.yaml").write_text("version: 1\ndetections: [{kind: odd}]\n")
    done = mendlog("policy", "test", "tests.yaml")
    assert done.exit_code == BAD_CONFIGURATION
    assert "gone.yaml:2:21: unknown: 'odd'" in done.err


# `policy detect` of a file.


def of_file(mendlog: Mendlog, *more: str) -> dict[str, object]:
    done = mendlog(
        "policy", "detect", "--detections", "detections.yaml", "--samples", "samples.jsonl",
        "--json", *more,
    )  # fmt: skip
    assert done.exit_code == 0, done.err
    return json.loads(done.out)  # type: ignore[no-any-return]


def test_detections_with_their_evidence(mendlog: Mendlog) -> None:
    found = of_file(mendlog)
    labels = {"alertname": "HighErrors", "cluster": "eu-1", "deployment": "checkout",
              "namespace": "shop", "queue": "a", "severity": "critical"}  # fmt: skip
    series = [[START_MS + m * MINUTE_MS, depth] for m, depth in enumerate([5, 500, 500])]
    assert found["detections"] == [
        {
            "cluster": "eu-1",
            "rule": "HighErrors",
            "labels": labels,
            "since_ms": START_MS + 2 * MINUTE_MS,
            "until_ms": START_MS + 4 * MINUTE_MS,
            "value": 500.0,
            "threshold": 100.0,
            "window_ms": 0,
            "why": "500, to be told when above 100",
            "series": series,
        }
    ]
    assert (found["records"], found["left_out"], found["only_recorded"]) == (5, 0, None)


def test_a_person_sees_when_and_why(mendlog: Mendlog) -> None:
    done = mendlog(
        "policy", "detect", "--samples", "samples.jsonl", DETECTIONS_FILE="detections.yaml"
    )
    heading, row, total = done.out.splitlines()
    assert heading.split() == ["since", "until", "rule", "labels", "why"]
    assert row.startswith("2023-11-15 00:02:00Z  2023-11-15 00:04:00Z  HighErrors  cluster=eu-1")
    assert row.endswith("500, to be told when above 100")
    assert total == "1 would have been made of 5 records"


def test_between_two_moments(mendlog: Mendlog) -> None:
    late = of_file(mendlog, "--from", "2023-11-15T00:05:00Z", "--to", "2023-11-15T01:00:00Z")
    assert (late["detections"], late["records"]) == ([], 5)
    cold = of_file(mendlog, "--from", "2023-11-15T00:02:00Z", "--warm-up", "1s")
    (found,) = cold["detections"]  # type: ignore[misc]
    assert found["since_ms"] == START_MS + 3 * MINUTE_MS, "before it began nothing was known"
    soon = of_file(mendlog, "--from", "2023-11-15T00:01:00Z", "--to", "2023-11-15T00:01:30Z")
    assert soon["detections"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--samples", "samples.jsonl"), "name the file of rules: --detections, or MENDLOG_DET"),
        (("--detections", "detections.yaml"), "say when it begins: --from 2026-11-21T18:00:00Z"),
        (
            ("--detections", "detections.yaml", "--samples", "samples.jsonl", "--verify"),
            "--verify and --keep are about the topics, not about --samples",
        ),
        (
            ("--detections", "detections.yaml", "--samples", "samples.jsonl",
             "--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z"),
            "--from is not before --to",
        ),
    ],
)  # fmt: skip
def test_what_is_asked_wrongly(mendlog: Mendlog, arguments: tuple[str, ...], said: str) -> None:
    done = mendlog("policy", "detect", *arguments)
    assert done.exit_code == USAGE
    assert said in " ".join(done.err.replace("│", " ").split())


def test_files_that_cannot_be_read(mendlog: Mendlog) -> None:
    Path("samples.jsonl").write_text("{}\n")
    asked = ("policy", "detect", "--detections", "detections.yaml", "--samples", "samples.jsonl")
    done = mendlog(*asked)
    assert done.exit_code == BAD_CONFIGURATION
    assert "samples.jsonl:1:1: no record of samples" in done.err
    Path("detections.yaml").write_text("version: 1\nslos: [{file: slo.yaml, by: [x]}]\n")
    done = mendlog(*asked)
    assert done.exit_code == BAD_CONFIGURATION
    assert "cannot be read" in done.err


# `policy detect` of the topics.


class Recorded:
    """Topics of a test's own. The broker's clock is ours, so the samples are of just now."""

    def __init__(self, kafka: Kafka) -> None:
        self.bootstrap, self.prefix = kafka.bootstrap, f"detect-{uuid.uuid4().hex[:8]}"
        asyncio.run(topics.create(self.bootstrap, self.prefix, 2))
        self.start_ms = now_ms() - 4 * MINUTE_MS

    def write(self, topic: Topic, *records: object) -> None:
        async def send() -> None:
            async with AIOKafkaProducer(bootstrap_servers=self.bootstrap) as producer:
                for one in records:
                    value = one if isinstance(one, bytes) else encode(one)
                    name = topic.name(self.prefix)
                    await producer.send_and_wait(name, value, key=b"k", partition=1)

        asyncio.run(send())

    def asks(self, mendlog: Mendlog, *more: str) -> tuple[int, str]:
        begin = shown(self.start_ms - 60_000).replace(" ", "T")
        done = mendlog(
            "policy", "detect", "--from", begin, "--bootstrap", self.bootstrap,
            "--prefix", self.prefix, "--detections", "detections.yaml", *more,
        )  # fmt: skip
        assert not done.err
        return done.exit_code, done.out

    def detection(self, since_ms: int, **labels: str) -> TapeRecord:
        fact = Detection("HighErrors", AlertStatus.FIRING, labels, {}, since_ms, 500, 100, 0)
        return TapeRecord("eu-1", fact, None)


@pytest.fixture
def recorded(kafka: Kafka) -> Recorded:
    return Recorded(kafka)


@pytest.mark.broker
@pytest.mark.slow
def test_beside_what_was_detected(mendlog: Mendlog, recorded: Recorded) -> None:
    depths = [(0, 5), (1, 500), (2, 500), (3, 500)]
    recorded.write(METRICS, b"junk", *(samples(m, d, recorded.start_ms) for m, d in depths))
    recorded.write(TAPE, TapeRecord("*", Tick(1), None))
    code, out = recorded.asks(mendlog, "--json", "--verify", "--keep", "kept.jsonl")
    found = json.loads(out)
    (first,) = found["detections"]
    since_ms = recorded.start_ms + 2 * MINUTE_MS
    assert code == FAILED, "nobody has detected it"
    assert (first["since_ms"], first["recorded_since_ms"]) == (since_ms, None)
    assert (found["records"], found["same"]) == (5, False)

    recorded.write(TAPE, recorded.detection(since_ms, cluster="eu-1", queue="a"))
    code, out = recorded.asks(mendlog, "--json", "--verify")
    assert json.loads(out)["detections"][0]["recorded_since_ms"] == since_ms
    assert (code, json.loads(out)["same"]) == (0, True)
    assert "  same  " in recorded.asks(mendlog)[1]

    recorded.write(TAPE, recorded.detection(since_ms + 1, cluster="eu-1", queue="b"))
    code, out = recorded.asks(mendlog, "--verify")
    assert code == FAILED
    assert out.splitlines()[-1] == (
        "1 would have been made of 5 records: 1 as recorded, 0 at another time, 0 new; "
        "1 recorded only"
    )
    Path("samples.jsonl").write_bytes(Path("kept.jsonl").read_bytes())
    assert of_file(mendlog)["detections"] == [
        {name: value for name, value in first.items() if name != "recorded_since_ms"}
    ]


@pytest.mark.broker
def test_without_samples_nothing_is_verified(mendlog: Mendlog, recorded: Recorded) -> None:
    code, out = recorded.asks(mendlog, "--verify")
    assert code == FAILED
    assert "there are no samples of that time: nothing was judged" in out
    code, _ = recorded.asks(mendlog)
    assert code == 0
