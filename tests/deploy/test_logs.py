"""What our processes write of themselves."""

import json
import logging
import subprocess
import sys

import pytest
import structlog
from structlog.testing import capture_logs

from deploy.logs import AGAIN_S, TEXTS_MAX, NotAgain, configure

PROGRAM = """
import logging, structlog
from deploy.logs import configure

def fail(token):
    raise RuntimeError(f"no luck with {len(token)} characters")

configure()
try:
    fail("hush")
except RuntimeError:
    LOGGER.exception("failed")
"""


@pytest.mark.parametrize("logger", ["structlog.get_logger()", "logging.getLogger('library')"])
def test_a_traceback_says_where_and_not_with_what(logger: str) -> None:
    program = PROGRAM.replace("LOGGER", logger)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    (told,) = json.loads(done.stdout)["exception"]
    assert told["frames"][-1]["name"] == "fail"
    assert told["exc_value"] == "no luck with 4 characters"
    assert b"hush" not in done.stdout


def test_what_the_client_of_kafka_repeats_is_written_once_a_minute() -> None:
    now_s = 0.0
    filter = NotAgain(lambda: now_s)

    def passes(text: str, name: str = "aiokafka") -> bool:
        return filter.filter(logging.LogRecord(name, logging.ERROR, "", 0, text, (), None))

    assert [passes("no node 1"), passes("no node 1"), passes("no node 2")] == [True, False, True]
    assert [passes("ours", "mendlog"), passes("ours", "mendlog")] == [True, True]
    now_s = AGAIN_S
    assert [passes("no node 1", "aiokafka.client"), passes("no node 1")] == [True, False]
    assert all(passes(f"no node {number}") for number in range(3, 3 * TEXTS_MAX))


@pytest.mark.parametrize("time", ["once", "and again"])
def test_how_a_command_logs_that_a_test_runs_here_ends_with_the_test(time: str) -> None:
    with capture_logs() as said:
        structlog.get_logger().error("heard", time=time)
    assert said == [{"event": "heard", "time": time, "log_level": "error"}]
    configure("CRITICAL")
