"""Logs of our processes: one JSON object a line, on standard output."""

import logging
import sys

import structlog
from structlog.tracebacks import ExceptionDictTransformer

TRACEBACKS = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
"""Without the variables of each frame: tokens and addresses with secrets are among them."""


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
