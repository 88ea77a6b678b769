"""Logs of our processes: one JSON object a line, on standard output."""

import logging
import sys
import time
from collections.abc import Callable

import structlog
from structlog.tracebacks import ExceptionDictTransformer

TRACEBACKS = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
"""Without the variables of each frame: tokens and addresses with secrets are among them."""


CLIENT = "aiokafka"
AGAIN_S = 60.0
TEXTS_MAX = 256


class NotAgain(logging.Filter):
    """Kafka's client logs every attempt, ten a second of some; the same text passes once a minute.
    What it is to us, we say ourselves."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now_s = now_s
        self._passed_s: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.split(".")[0] != CLIENT:
            return True
        text, now_s = record.getMessage(), self._now_s()
        if now_s - self._passed_s.get(text, -AGAIN_S) < AGAIN_S:
            return False
        if len(self._passed_s) >= TEXTS_MAX:
            self._passed_s.clear()
        self._passed_s[text] = now_s
        return True


def configure(level: str = "INFO") -> None:
    number = logging.getLevelNamesMapping()[level]
    logging.basicConfig(stream=sys.stdout, level=number, format="%(message)s", force=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            TRACEBACKS,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
    )
    root = logging.getLogger()
    for handler in root.handlers:
        handler.addFilter(NotAgain())
        handler.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=[
                    structlog.stdlib.add_log_level,
                    structlog.stdlib.add_logger_name,
                    structlog.processors.TimeStamper(fmt="iso", utc=True),
                ],
                processors=[
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    TRACEBACKS,
                    structlog.processors.JSONRenderer(),
                ],
            )
        )
