"""A flag in AWS Systems Manager's Parameter Store.

It knows no conditional write. The version is read once more right before, which keeps us from
replacing what somebody has set since; a write between that reading and ours is lost.
botocore finds the credentials and signs. It is imported only where a flag is kept there.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
)
from botocore.session import Session

from remediators.adapters.flags.file import SsmParameter
from remediators.adapters.flags.place import Kept
from remediators.core.reply import Answer, Reply

THROTTLED_MS = 1_000
THROTTLES = {"ThrottlingException", "Throttling", "TooManyUpdates", "RequestLimitExceeded"}
FORBIDS = {"AccessDeniedException", "AccessDenied", "UnrecognizedClientException"}
NOT_REACHED = (EndpointConnectionError, ConnectTimeoutError, NoCredentialsError)
BEFORE_SEND = "before-send.ssm.PutParameter"


class _TooLate(Exception):
    """Time or a switch stopped it before its first byte left."""


class SsmStore:
    def __init__(self, flag: SsmParameter, timeout_s: float) -> None:
        self.uid = f"ssm:{flag.region}:{flag.parameter}"
        self._flag = flag
        self._config = Config(
            connect_timeout=2, read_timeout=timeout_s, retries={"total_max_attempts": 1}
        )

    async def read(self) -> Kept | Reply:
        return await asyncio.to_thread(self._read)

    async def write(
        self, value: str, match: str, in_time: Callable[[], bool], sent: Callable[[], None]
    ) -> Reply:
        return await asyncio.to_thread(self._write, value, match, in_time, sent)

    async def close(self) -> None:
        """Every call has a client of its own, and credentials as they are by then."""

    def _read(self) -> Kept | Reply:
        try:
            found = self._client().get_parameter(Name=self._flag.parameter)["Parameter"]
        except (BotoCoreError, ClientError, OSError, ValueError) as fault:
            return _reply(fault, begun=False)
        if found["Type"] != "String":
            words = f"it is a {found['Type']}: only a String is set, for values are recorded"
            return Reply(Answer.INVALID, words)
        return Kept(found["Value"], str(found["Version"]))

    def _write(
        self, value: str, match: str, in_time: Callable[[], bool], sent: Callable[[], None]
    ) -> Reply:
        kept = self._read()
        if isinstance(kept, Reply):
            # Nothing was written, whatever has become of the reading.
            unread = kept.answer is Answer.UNSURE
            return Reply(Answer.NEVER_SENT, kept.detail) if unread else kept
        if kept.match != match:
            words = f"its version is {kept.match}, not {match}: somebody has set it since"
            return Reply(Answer.UNPROCESSABLE, words)
        begun = False

        def leaving(**_: Any) -> None:
            nonlocal begun
            if not in_time():
                raise _TooLate
            begun = True
            sent()

        try:
            client = self._client()
            client.meta.events.register(BEFORE_SEND, leaving)
            client.put_parameter(Name=self._flag.parameter, Value=value, Overwrite=True)
        except _TooLate:
            return Reply(Answer.HELD_BACK, "stopped before its first byte left")
        except (BotoCoreError, ClientError, OSError, ValueError) as fault:
            return _reply(fault, begun=begun)
        return Reply(Answer.DONE)

    def _client(self) -> Any:
        session = Session()
        # Without an identity of our own we have none: the node's is not ours to use.
        session.get_component("credential_provider").remove("iam-role")
        return session.create_client("ssm", region_name=self._flag.region, config=self._config)


def _reply(fault: Exception, *, begun: bool) -> Reply:
    if not isinstance(fault, ClientError):
        sent = begun and not isinstance(fault, NOT_REACHED)
        return Reply(Answer.UNSURE if sent else Answer.NEVER_SENT, type(fault).__name__)
    code = fault.response["Error"]["Code"]
    status = fault.response["ResponseMetadata"]["HTTPStatusCode"]
    detail = f"{status}: {code}: {fault.response['Error'].get('Message', '')}"[:300]
    if code == "ParameterNotFound":
        return Reply(Answer.NOT_FOUND, detail)
    if code in THROTTLES or status == 429:
        return Reply(Answer.THROTTLED, detail, THROTTLED_MS)
    if code in FORBIDS or status in (401, 403):
        return Reply(Answer.FORBIDDEN, detail)
    return Reply(Answer.UNSURE if status >= 500 or status == 408 else Answer.INVALID, detail)
