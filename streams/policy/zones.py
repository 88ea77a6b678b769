"""Time zones from the pinned `tzdata` package, never from the machine.

So an interval means the same on every host and in every replay.
"""

from datetime import UTC, tzinfo
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo


def zone(name: str) -> tzinfo:
    """Raises ValueError where there is none of this name."""
    if name in ("", "UTC"):
        return UTC
    if name not in _names():
        raise ValueError(f"no time zone is named {name!r}; expected one such as Europe/Berlin")
    return _zone(name)


@cache
def _names() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


@cache
def _zone(name: str) -> ZoneInfo:
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)
