"""What our processes write of themselves."""

import json
import subprocess
import sys

import pytest

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
