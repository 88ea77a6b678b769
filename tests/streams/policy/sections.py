"""One section of a policy, read on its own."""

from collections.abc import Callable
from typing import TypeVar

import pytest
from yaml.nodes import Node

from streams.reading.faults import FileError
from streams.reading.nodes import Reading

T = TypeVar("T")
Reader = Callable[[Reading, Node], T]


def read(reader: Reader[T], text: str) -> T:
    reading = Reading("p.yaml")
    value = reader(reading, reading.root(text))
    reading.stop_at_faults()
    return value


def faults(reader: Reader[object], text: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        read(reader, text)
    return [str(fault) for fault in caught.value.faults]
