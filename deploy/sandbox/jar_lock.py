"""The lock file of the broker's jars: one row each, coordinates, size and digest."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LOCK_FILE = Path(__file__).with_name("kafka-jars.lock")
HEADER = """\
# The jars of the sandbox's Kafka broker; nothing else comes on its class path.
# Written by: python -m deploy.sandbox.jars lock
# coordinates size_bytes sha256
"""


@dataclass(frozen=True, slots=True, order=True)
class Jar:
    coordinates: str
    size_bytes: int
    sha256: str

    @classmethod
    def of(cls, coordinates: str, path: Path) -> "Jar":
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(coordinates, path.stat().st_size, digest)

    @property
    def file_name(self) -> str:
        _, artifact, version = self.coordinates.split(":")
        return f"{artifact}-{version}.jar"

    def is_at(self, path: Path) -> bool:
        return path.is_file() and Jar.of(self.coordinates, path) == self

    def __str__(self) -> str:
        return f"{self.coordinates} {self.size_bytes} {self.sha256}"


def read(lock_file: Path = LOCK_FILE) -> list[Jar]:
    rows = [line.split() for line in lock_file.read_text().splitlines() if line[0] != "#"]
    return [Jar(coordinates, int(size), digest) for coordinates, size, digest in rows]


def write(jars: Iterable[Jar], lock_file: Path) -> None:
    lock_file.write_text(HEADER + "".join(f"{jar}\n" for jar in sorted(jars)))
