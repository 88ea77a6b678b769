"""The real process: its settings, its start, its logs and its end."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from checkout.orders import EXAMPLE_BASKET
from deploy.sandbox.processes import Child, wait_until

START_S = 30.0


class Process:
    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.port_file = folder / "port"
        self.child = Child(
            "checkout",
            [sys.executable, "-m", "checkout"],
            log_file=folder / "log",
            env={**os.environ, "HOST": "127.0.0.1", "PORT": "0", "PORT_FILE": str(self.port_file)}
            | env,
        )
        self.child.start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port_file.read_text().strip()}{path}"

    def status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(self.url(path), timeout=START_S) as response:
                return response.status
        except urllib.error.HTTPError as error:
            return error.code

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        wait_until(condition, timeout_s=START_S, what=what, child=self.child)

    def exit_code(self) -> int | None:
        wait_until(lambda: not self.child.alive, timeout_s=START_S, what="its end")
        return self.child.exit_code

    def log(self) -> list[dict]:
        return [json.loads(line) for line in self.child.log_file.read_text().splitlines()]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    processes: list[Process] = []

    def start(*, ready: bool = True, **env: str) -> Process:
        process = Process(tmp_path, env)
        processes.append(process)
        process.wait_until(process.port_file.exists, "its port")
        if ready:
            process.wait_until(lambda: process.status("/readyz") == 200, "readiness")
        return process

    yield start
    for process in processes:
        process.child.kill()


def test_it_starts_serves_and_ends_cleanly(run):
    process = run()
    assert process.status("/checkout") == 200
    os.kill(process.child.pid, signal.SIGTERM)
    assert process.exit_code() == 0
    events = [line["event"] for line in process.log()]
    assert events == ["listening", "ready", "order answered", "draining", "ended"]


def test_log_lines_are_json_with_the_correlation_id(run):
    process = run(ERROR_RATE="1")
    asked = urllib.request.Request(
        process.url("/checkout"), headers={"X-Correlation-Id": "incident-7"}
    )
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(asked, timeout=START_S)
    lines = [line for line in process.log() if line.get("correlation_id") == "incident-7"]
    assert [(line["level"], line["event"]) for line in lines] == [
        ("error", "payment_failed"),
        ("info", "order answered"),
    ]
    assert all(line["timestamp"] for line in lines)


def test_requests_in_flight_are_answered_after_sigterm(run):
    """As long as its body has not come, an order is in flight."""
    process = run(DRAIN_DELAY_MS="50", DRAIN_MS="60000")
    body = EXAMPLE_BASKET.model_dump_json().encode()
    order = http.client.HTTPConnection(urlsplit(process.url("/")).netloc, timeout=START_S)
    order.putrequest("POST", "/checkout")
    order.putheader("Content-Length", str(len(body)))
    order.endheaders()
    process.wait_until(lambda: in_flight(process) == 1, "the order to be in flight")
    os.kill(process.child.pid, signal.SIGTERM)
    process.wait_until(lambda: process.log()[-1]["event"] == "draining", "the drain")
    order.send(body)
    assert order.getresponse().status == 200
    order.close()
    assert process.exit_code() == 0


def test_it_is_unready_but_serving_while_balancers_take_notice(run):
    process = run(DRAIN_DELAY_MS="600000")
    os.kill(process.child.pid, signal.SIGTERM)
    process.wait_until(lambda: process.status("/readyz") == 503, "being unready")
    assert process.status("/checkout") == 200
    assert process.status("/healthz") == 200


def test_a_request_that_outlasts_the_drain_is_given_up(run):
    process = run(LATENCY_MS="60000", DRAIN_MS="100")
    cut_off: list[OSError] = []

    def call() -> None:
        try:
            process.status("/checkout")
        except OSError as error:
            cut_off.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    process.wait_until(lambda: in_flight(process) == 1, "the order to be in flight")
    os.kill(process.child.pid, signal.SIGTERM)
    assert process.exit_code() == 0
    caller.join()
    assert len(cut_off) == 1


def test_it_is_not_ready_while_it_warms_up_and_can_be_ended_there(run):
    process = run(ready=False, WARMUP_MS="60000")
    assert process.status("/readyz") == 503
    assert process.status("/startupz") == 503
    assert process.status("/healthz") == 200
    os.kill(process.child.pid, signal.SIGTERM)
    assert process.exit_code() == 0


def test_a_new_process_is_free_of_the_old_ones_leak(run):
    leaking = run(CHAOS_ENABLED="1", HEAP_MB="1")
    leak = urllib.request.Request(
        leaking.url("/faults"), data=b'{"leak_kb_per_request": 1024}', method="POST"
    )
    urllib.request.urlopen(leak, timeout=START_S).close()
    assert [leaking.status("/checkout") for _ in range(3)] == [200, 500, 500]
    leaking.child.stop()
    leaking.port_file.unlink()
    replaced = run(CHAOS_ENABLED="1", HEAP_MB="1")
    assert [replaced.status("/checkout") for _ in range(3)] == [200] * 3


def test_leaked_memory_is_really_resident(run):
    process = run(CHAOS_ENABLED="1", HEAP_MB="64")
    before_bytes = resident_bytes(process)
    leak = urllib.request.Request(
        process.url("/faults"), data=b'{"leak_kb_per_request": 65536}', method="POST"
    )
    urllib.request.urlopen(leak, timeout=START_S).close()
    process.status("/checkout")
    assert resident_bytes(process) - before_bytes > 60 * 1024 * 1024


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ERROR_RATE", "2"),
        ("ERROR_RATE", "nan"),
        ("HEAP_MB", "0"),
        ("PORT", "http"),
        ("LATENCY_MS", "-1"),
    ],
)
def test_bad_configuration_is_named_and_ends_with_78(variable: str, value: str):
    ended = subprocess.run(
        [sys.executable, "-m", "checkout"],
        env={**os.environ, variable: value},
        capture_output=True,
        timeout=START_S,
        check=False,
    )
    assert ended.returncode == 78
    line = json.loads(ended.stdout)
    assert (line["event"], line["variable"]) == ("bad configuration", variable)


def in_flight(process: Process) -> float:
    return sample(process, "checkout_in_flight")


def resident_bytes(process: Process) -> float:
    return sample(process, "process_resident_memory_bytes")


def sample(process: Process, name: str) -> float:
    with urllib.request.urlopen(process.url("/metrics"), timeout=START_S) as response:
        lines = response.read().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(name + " "))
