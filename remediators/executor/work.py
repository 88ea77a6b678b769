"""What to do with one delivered command."""

import traceback

import structlog

from remediators.core.admit import Admission, Doubt, Proceed, Resolve, Skip, admit
from remediators.core.protocol import End
from remediators.core.refusal import Refusal
from remediators.core.wellformed import READ_ONLY
from remediators.executor.change import change, resume
from remediators.executor.desk import Desk
from remediators.executor.job import Job, Means
from remediators.executor.reading import look, verify
from schemas.remediation import Command, CommandKind, Outcome, OutcomeReason, OutcomeStatus

NO_ADDRESS = "this executor has no address of that cluster"
SENSELESS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What comes of reading an object that is not as its API would have it, or of a mistake of ours."""

log = structlog.get_logger()


class Work:
    """The commands of one partition."""

    def __init__(self, means: Means, desk: Desk) -> None:
        self._means = means
        self._desk = desk

    async def do(self, command: Command) -> None:
        """What nobody can make sense of ends this command, and not the process: that would take it
        up again, and serves others too."""
        self._means.reached("executor.claimed")
        await self._desk.cover(command.issued_at_ms)
        try:
            await self._do(command)
        except SENSELESS as fault:
            where = traceback.format_exc(limit=-3)
            log.error("command_senseless", command=command.command_id, where=where)
            await self._give_up(command, fault)

    async def _give_up(self, command: Command, fault: Exception) -> None:
        known = self._desk.view.known(command.command_id)
        words = f"it met something that it cannot make sense of: {type(fault).__name__}"
        if known.intent is not None and not known.ended:
            lost = End(OutcomeStatus.UNKNOWN, OutcomeReason.INVALID, words)
            await self._write(command, self._desk.pen.ended(command, known.intent, lost))
        elif not known.ended:
            await self._refuse(command, Refusal(OutcomeReason.INVALID, words))

    async def _do(self, command: Command) -> None:
        admission = self._admit(command)
        if isinstance(admission, Refusal) and command.kind not in READ_ONLY:
            await self._desk.catch_up()
            admission = self._admit(command)
        match admission:
            case Skip(why):
                self._means.metrics.skipped()
                log.info("command_skipped", command=command.command_id, why=why)
            case Refusal():
                await self._refuse(command, admission)
            case Doubt(why):
                lost = End(OutcomeStatus.UNKNOWN, OutcomeReason.NO_ANSWER, why)
                await self._write(command, self._desk.pen.ended(command, None, lost))
            case Resolve(intent):
                await self._resolve(command, intent)
            case Proceed():
                await self._proceed(command)

    def _admit(self, command: Command) -> Admission:
        return admit(command, self._desk.view, self._desk.now_ms())

    async def _proceed(self, command: Command) -> None:
        job = self._job(command)
        if isinstance(job, Refusal):
            await self._refuse(command, job)
            return
        with self._means.metrics.took(command.kind.value):
            match command.kind:
                case CommandKind.LOOK:
                    await look(job)
                case CommandKind.VERIFY:
                    await verify(job)
                case CommandKind.ACT | CommandKind.ROLLBACK:
                    await change(job)

    async def _resolve(self, command: Command, intent: Outcome) -> None:
        log.info("command_resumed", command=command.command_id, announced_by=intent.executor)
        job = self._job(command)
        if isinstance(job, Refusal):
            # Announced by one who could reach it, so it may have happened.
            lost = End(OutcomeStatus.UNKNOWN, job.reason, job.detail)
            await self._write(command, self._desk.pen.ended(command, intent, lost))
            return
        await resume(job, intent)

    async def _refuse(self, command: Command, refusal: Refusal) -> None:
        await self._write(command, self._desk.pen.refused(command, refusal))

    async def _write(self, command: Command, record: Outcome) -> None:
        await self._desk.write(record)
        self._means.tell(command, record)

    def _job(self, command: Command) -> Job | Refusal:
        """Or why this executor is not the one to carry it out."""
        if refusal := self._means.scope.refusal(command.target):
            return refusal
        cluster = self._means.clusters.get(command.cluster)
        if cluster is None:
            return Refusal(OutcomeReason.UNKNOWN_CLUSTER, NO_ADDRESS)
        return Job(command, cluster, self._means, self._desk)
