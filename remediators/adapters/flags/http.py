"""A flag at an address: GET tells its value, PUT sets it. One address, no redirect, no second try.

Where the server gives a strong ETag, the PUT goes out under `If-Match`, so it never replaces what
nobody of ours has seen. That makes no second copy safe: a server may well give the same ETag to
the same value that has come back, and a late copy would set it once more.
"""

import json
from collections.abc import Callable

from yarl import URL

from remediators.adapters.flags.file import HttpFlag
from remediators.adapters.flags.place import Kept
from remediators.core.reply import Answer, Reply
from remediators.once import Answered, Once

ANSWER_BYTES_MAX = 4_096
RETRY_AFTER_MS = 1_000


class HttpStore:
    def __init__(self, flag: HttpFlag, timeout_s: float) -> None:
        self.uid = f"http:{flag.url}"
        self._flag = flag
        self._url = URL(flag.url)
        self._once = Once(timeout_s, ANSWER_BYTES_MAX)

    async def read(self) -> Kept | Reply:
        try:
            answer = await self._once.send("GET", self._url, self._headers())
            if isinstance(answer, Reply):
                return Reply(Answer.UNSURE, answer.detail)
            return self._kept(answer)
        except (OSError, ValueError) as fault:
            return Reply(Answer.UNSURE, f"no answer: {type(fault).__name__}")

    async def write(
        self, value: str, match: str, in_time: Callable[[], bool], sent: Callable[[], None]
    ) -> Reply:
        try:
            headers = self._headers(match)
        except (OSError, ValueError) as fault:
            return Reply(Answer.NEVER_SENT, f"its token: {type(fault).__name__}")
        answer = await self._once.send("PUT", self._url, headers, self._body(value), in_time, sent)
        return answer if isinstance(answer, Reply) else _reply(answer)

    async def close(self) -> None:
        """Every request has a connection of its own."""

    def _headers(self, match: str = "") -> dict[str, str]:
        headers = {"Content-Type": "application/json" if self._flag.member else "text/plain"}
        if self._flag.token_file is not None:
            token = self._flag.token_file.read_text(encoding="ascii").strip()
            headers["Authorization"] = f"Bearer {token}"
        return {**headers, "If-Match": match} if match else headers

    def _body(self, value: str) -> bytes:
        return (json.dumps({self._flag.member: value}) if self._flag.member else value).encode()

    def _kept(self, answer: Answered) -> Kept | Reply:
        if answer.status != 200:
            reply = _reply(answer)
            done = reply.answer is Answer.DONE
            return Reply(Answer.INVALID, f"{answer.status}, not 200") if done else reply
        value = self._value(answer.body.decode())
        if value is None:
            return Reply(Answer.INVALID, "its answer is not a value in the form that is registered")
        match = answer.headers.get("ETag", "")
        return Kept(value, match if match.startswith('"') else "")

    def _value(self, text: str) -> str | None:
        """Other members beside it would be lost with a PUT."""
        if not self._flag.member:
            return text.strip()
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return None
        alone = isinstance(found, dict) and found.keys() == {self._flag.member}
        value = found[self._flag.member] if alone else None
        return value if isinstance(value, str) else None


def _reply(answer: Answered) -> Reply:
    detail = f"{answer.status}: {answer.body.decode(errors='replace')[:200]}"
    match answer.status:
        case status if 200 <= status < 300:
            return Reply(Answer.DONE)
        case 404 | 410:
            return Reply(Answer.NOT_FOUND, detail)
        case 401 | 403:
            return Reply(Answer.FORBIDDEN, detail)
        case 412 | 409 | 422:
            return Reply(Answer.UNPROCESSABLE, detail)
        case 429:
            return Reply(Answer.THROTTLED, detail, _retry_after_ms(answer))
        case status if status < 500 and status != 408:
            return Reply(Answer.INVALID, detail)
    return Reply(Answer.UNSURE, detail)


def _retry_after_ms(answer: Answered) -> int:
    text = answer.headers.get("Retry-After", "")
    return int(text[:9]) * 1000 if text.isascii() and text.isdecimal() else RETRY_AFTER_MS
