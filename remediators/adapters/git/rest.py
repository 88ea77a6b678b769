"""One call to a forge's API."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from yarl import URL

from remediators.adapters.git.file import RegisteredForge
from remediators.adapters.git.verdict import verdict
from remediators.core.reply import Answer, Reply
from remediators.once import Once

ANSWER_BYTES_MAX = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    path: str
    """Below the API's address, each part quoted."""
    query: Mapping[str, str]
    body: Mapping[str, str] | None = None
    """Then it is a POST."""


class Rest:
    def __init__(
        self,
        forge: RegisteredForge,
        timeout_s: float,
        authorization: Callable[[str], Mapping[str, str]],
    ) -> None:
        """`authorization` makes headers of a token."""
        self._forge = forge
        self._authorization = authorization
        self._once = Once(timeout_s, ANSWER_BYTES_MAX)

    async def read(self, call: Call) -> bytes | Reply:
        """A reading changes nothing, whatever has become of it."""
        found = await self.send(call, lambda: True, lambda: None)
        if isinstance(found, Reply) and found.answer is Answer.UNSURE:
            return Reply(Answer.NEVER_SENT, found.detail)
        return found

    async def send(
        self, call: Call, in_time: Callable[[], bool], sent: Callable[[], None]
    ) -> bytes | Reply:
        """The body of a 200 or 201."""
        token = self._token()
        if not token:
            return Reply(Answer.NEVER_SENT, "the token for the forge cannot be read")
        headers = dict(self._authorization(token))
        method, body = "GET", None
        if call.body is not None:
            method, body = "POST", json.dumps(call.body).encode()
            headers["Content-Type"] = "application/json"
        answer = await self._once.send(method, self._url(call), headers, body, in_time, sent)
        if isinstance(answer, Reply):
            return answer
        refused = verdict(answer.status, answer.headers, answer.body, token)
        return answer.body if refused is None else refused

    def _url(self, call: Call) -> URL:
        """A project of GitLab is one part of the path, with its slashes quoted: so it must stay."""
        query = f"?{urlencode(call.query)}" if call.query else ""
        return URL(f"{self._forge.url.rstrip('/')}{call.path}{query}", encoded=True)

    def _token(self) -> str:
        """Anew for each call. Empty where there is none."""
        if self._forge.token_file is None:
            return os.environ.get(self._forge.token_env, "").strip()
        try:
            return self._forge.token_file.read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return ""
