"""Connections that tell whether a request has begun to leave, which decides if it may be repeated.

A refused connection and a lost answer look alike to a caller, and mean opposite things: the first
has certainly changed nothing. urllib3's connection is asked, not its exceptions.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection


class TooLate(Exception):
    """The last question before the first byte was answered with no."""


@dataclass(slots=True)
class Call:
    """One request, seen from its connection."""

    in_time: Callable[[], bool]
    on_sent: Callable[[], None]
    """Every byte has been handed to the kernel, and nothing of the answer is read."""
    begun: bool = False


class _Current(threading.local):
    call: Call | None = None


_current = _Current()


@contextmanager
def watching(call: Call) -> Iterator[None]:
    """Requests of this thread belong to `call`."""
    _current.call = call
    try:
        yield
    finally:
        _current.call = None


class _Watched:
    """In front of urllib3's connection classes."""

    sock: Any

    def send(self, data: Any) -> None:
        call = _current.call
        if call is not None and not call.begun:
            if self.sock is None:
                self.connect()  # type: ignore[attr-defined]
            if not call.in_time():
                raise TooLate
            call.begun = True
        super().send(data)  # type: ignore[misc]

    def getresponse(self) -> Any:
        call = _current.call
        if call is not None:
            call.on_sent()
        return super().getresponse()  # type: ignore[misc]


class _PlainConnection(_Watched, HTTPConnection):
    pass


class _SecureConnection(_Watched, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def watch(pools: PoolManager) -> PoolManager:
    """From now on its connections are watched."""
    pools.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
    return pools
