"""The pull requests of a repository at a forge, whatever they are called there."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from remediators.adapters.git.forge import PULLS_MAX, PullRequest
from remediators.adapters.git.rest import Call, Rest
from remediators.core.reply import Answer, Reply


class Pull(Protocol):
    """One, as the forge tells it."""

    def plain(self) -> PullRequest: ...


P = TypeVar("P", bound=Pull)


class Pulls(Generic[P]):
    def __init__(self, rest: Rest, path: str, told: type[P], called: str) -> None:
        self._rest = rest
        self._path = path
        self._one: TypeAdapter[Any] = TypeAdapter(told)
        self._many: TypeAdapter[Any] = TypeAdapter(list[told])  # type: ignore[valid-type]
        self._called = called

    async def first(
        self, query: Mapping[str, str], is_ours: Callable[[P], bool]
    ) -> PullRequest | Reply | None:
        body = await self._rest.read(Call(self._path, {**query, "per_page": str(PULLS_MAX)}))
        if isinstance(body, Reply):
            return body
        try:
            found = self._many.validate_json(body)
        except ValidationError:
            return Reply(Answer.INVALID, f"its answer is no list of {self._called}s")
        return next((each.plain() for each in found if is_ours(each)), None)

    async def open(
        self, wanted: Mapping[str, str], in_time: Callable[[], bool], sent: Callable[[], None]
    ) -> PullRequest | Reply:
        body = await self._rest.send(Call(self._path, {}, wanted), in_time, sent)
        if isinstance(body, Reply):
            return body
        try:
            opened: P = self._one.validate_json(body)
        except ValidationError:
            return Reply(Answer.UNSURE, f"its answer is no {self._called}")
        return opened.plain()
