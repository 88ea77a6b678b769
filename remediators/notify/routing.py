"""Who is told of a notice, and through which channels. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from remediators.notify.config import NotifierFile
from remediators.notify.letter import Letter, letter
from schemas.notices import Notice


@dataclass(frozen=True, slots=True)
class Address:
    letter: Letter
    channels: tuple[str, ...]
    """The first, and those that stand in for it. None where nobody is to be told."""


def addressed(notice: Notice, file: NotifierFile) -> tuple[Address, ...]:
    """Each receiver once. One that is not in the file would be nobody, so the default is told."""
    return tuple(_address(letter(notice, name), file) for name in _receivers(notice, file))


def unknown(notice: Notice, file: NotifierFile) -> tuple[str, ...]:
    return tuple(name for name in notice.receivers if name not in file.receivers)


def _receivers(notice: Notice, file: NotifierFile) -> Iterator[str]:
    known = dict.fromkeys(name for name in notice.receivers if name in file.receivers)
    yield from known
    if (not known or unknown(notice, file)) and file.default_receiver not in known:
        yield file.default_receiver


def _address(made: Letter, file: NotifierFile) -> Address:
    routes = file.receivers[made.receiver]
    route = next(r for r in routes if r.takes(made.severity, made.kind))
    return Address(made, route.channels)
