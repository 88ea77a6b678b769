"""Records of the pretended topics: read once, however many look at them."""

from functools import lru_cache
from typing import Any

from schemas.codec import decode

REMEMBERED_MAX = 2_000


@lru_cache(REMEMBERED_MAX)
def recorded(value: bytes | None, *wanted: type[Any]) -> Any:
    """As `decode`. What it gives is frozen, so that all may have the same."""
    return decode(value, *wanted)
