"""`replace` for entries, which are frozen and may have sixty fields: 7 µs instead of 18 for those.
The standard one asks each field's rules and goes through `__init__`.

It is for dataclasses with slots, and without a `__post_init__`, which it would pass by.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

Write = Callable[[object, object], None]


@cache
def _slots(kind: type) -> tuple[Callable[[object], Any], Mapping[str, Write]]:
    assert not hasattr(kind, "__post_init__"), f"{kind.__name__} checks itself"
    names = [field.name for field in fields(kind)]
    read = attrgetter(*names) if len(names) > 1 else lambda entry: (getattr(entry, names[0]),)
    return read, {name: getattr(kind, name).__set__ for name in names}


if TYPE_CHECKING:  # The type checker knows the standard one, field by field.
    from dataclasses import replace as replace
else:

    def replace(entry, /, **changes):
        """A copy with these changes. Raises KeyError for a field that it does not have."""
        read, writes = _slots(type(entry))
        copy = object.__new__(type(entry))
        for write, value in zip(writes.values(), read(entry), strict=True):
            write(copy, value)
        for name, value in changes.items():
            writes[name](copy, value)
        return copy
