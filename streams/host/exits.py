"""Why a worker ends itself, and with which exit code.

A worker in doubt does not go on: it ends without writing, and whoever follows starts from the
journal. So every reason to end is an exception that reaches one place, `Hooks.end`.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

EXIT_FAULT = os.EX_SOFTWARE
"""Starting again may help: 70."""
EXIT_REFUSED = os.EX_CONFIG
"""Starting again will not help, somebody has to act first: 78."""

log = structlog.get_logger()


class Fatal(Exception):
    """Ends the process. Any other exception does too, as a fault of ours."""

    exit_code = EXIT_FAULT
    reason = "fault"


class Stale(Fatal):
    """Another worker has applied more of this partition than we have."""

    reason = "stale"


class Contended(Fatal):
    """Somebody else keeps writing to our journal."""

    reason = "contended"


class ProducerStalled(Fatal):
    """The broker did not acknowledge within the time we are willing to be in doubt."""

    reason = "producer_stalled"


class NotContiguous(Fatal):
    """A record reached the loop out of its place."""

    reason = "not_contiguous"


class TooLarge(Fatal):
    """Some effects do not fit into what the broker accepts."""

    reason = "too_large"


class JournalDamaged(Fatal):
    """The journal holds what none of us can have written."""

    exit_code = EXIT_REFUSED
    reason = "journal_damaged"


class JournalRewound(Fatal):
    """The journal's log is shorter than we left it, as after an election that lost records."""

    reason = "journal_rewound"


class CursorOutsideLog(Fatal):
    """The journal goes on where the input has nothing."""

    exit_code = EXIT_REFUSED
    reason = "cursor_outside_log"


class FaustCrashed(Fatal):
    """The framework gave up by itself."""

    reason = "faust_crashed"


class BrokerUnreachable(Fatal):
    """Nobody answers where Kafka should be."""

    reason = "broker_unreachable"


class TopicsWrong(Fatal):
    """The topics are not as the table of topics says."""

    exit_code = EXIT_REFUSED
    reason = "topics_wrong"


class NoProgress(Fatal):
    """There are records to read and none arrives."""

    reason = "no_progress"


def end_process(code: int) -> None:
    """Ends without clean-up: clean-up may write, and may hang."""
    os._exit(code)


def _nothing(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Hooks:
    """The two places where a test steps into a worker: its end, and the points that it reaches."""

    end_process: Callable[[int], None] = end_process
    reached: Callable[[str], None] = _nothing
    ended: Callable[[str], None] = _nothing
    """Told the reason before the end."""

    @contextmanager
    def ending(self, **where: object) -> Iterator[None]:
        """Whatever goes wrong inside ends the process.

        So does a CancelledError that was not meant for this task: libraries leak it, and the task
        would die of it without a word.
        """
        try:
            yield
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            self.end(error, **where)
        except Exception as error:
            self.end(error, **where)

    def end(self, error: BaseException, **where: object) -> None:
        reason = getattr(error, "reason", Fatal.reason)
        expected = isinstance(error, Fatal)
        log.error(
            "the worker ends itself",
            reason=reason,
            detail=str(error) or repr(error),
            exc_info=None if expected else error,
            **where,
        )
        self.ended(reason)
        self.end_process(getattr(error, "exit_code", EXIT_FAULT))
